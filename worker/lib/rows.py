"""Very many rows at once. All that takes time is done before the transaction: on SQLite one writer keeps all others waiting."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model


class Rows(NamedTuple):
    """Ready to be written. `values` come in the order of what they were made from."""

    sql: str
    values: list[tuple[Any, ...]]

    def insert(self) -> None:
        """Inside a transaction of the caller's."""
        with connection.cursor() as cursor:
            cursor.executemany(self.sql, self.values)


def ready(model: type[Model], same: Mapping[str, Any], columns: Sequence[str], varying: Iterable[Sequence[Any]]) -> Rows:
    """`same`: fields with one value in all rows; `columns`: the others, by their attribute's name, as `varying` has them. What is left out has its default."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    places = {name: at for at, name in enumerate(columns)}
    fixed = {
        field: field.get_db_prep_save(same.get(field.attname, field.get_default()), connection)
        for field in fields
        if field.attname not in places
    }
    made = [
        tuple(fixed[field] if field in fixed else field.get_db_prep_save(row[places[field.attname]], connection) for field in fields)
        for row in varying
    ]
    quote = connection.ops.quote_name
    names, marks = ", ".join(quote(str(field.column)) for field in fields), ", ".join("%s" for _ in fields)
    return Rows(f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})", made)
