import sqlite3

from config.database import database
from config.env import Env


def test_sqlite_overwrites_what_is_erased_whatever_it_was_built_to_do(tmp_path):
    connection = sqlite3.connect(tmp_path / "here.sqlite3")
    connection.execute("PRAGMA secure_delete=OFF")
    connection.executescript(database(Env({}), tmp_path)["OPTIONS"]["init_command"])
    assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    connection.close()
