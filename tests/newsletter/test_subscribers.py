"""`postlark subscribers`: a file is taken wholly or not at all, and what is said of a person is true."""

import csv
import io
import json
import re

import pytest
from django.core.management import CommandError, call_command

from tests import clocks
from tests.factories import blog_file, make_blog, make_post
from tests.newsletter.people import begin, live_blog, make_newsletter, make_subscriber, planned, send_to_the_end
from worker.models import Blog, Consent, Event, Recipient, Subscriber, Suppression
from worker.newsletter.imports import read_sheet

pytestmark = pytest.mark.django_db

SIGNED = "2026-05-04"


@pytest.fixture
def blog(settings):
    return live_blog()


@pytest.fixture
def sheet(tmp_path):
    def write(text: str | bytes) -> str:
        path = tmp_path / "readers.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return write


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("subscribers", *arguments, stdout=out)
    return out.getvalue()


def take(file: str, *more: str) -> dict:
    out = run("import", "example", file, "--basis", "express", "--obtained", SIGNED, "--proof", "sign-up sheet", "--json", *more)
    return json.loads(out)


def test_it_takes_everybody_with_their_consent(blog, sheet):
    file = sheet(
        "\ufeffEmail,Name,Language,Topics,Edition\r\nAnn@Reader.example, Ann  Lee ,fr,grief; sleep,instant\r\n\r\nbob@réader.example,,,,\r\n"
    )
    assert take(file) == {"blog": "example", "dry_run": False, "imported": 2, "renewed": 0, "already": 0, "suppressed": 0, "repeated": 0}
    ann, bob = Subscriber.objects.order_by("pk")
    assert (ann.email, ann.address_key, ann.name) == ("Ann@Reader.example", "ann@reader.example", "Ann Lee")
    assert (ann.language, ann.topics, ann.edition, ann.state) == ("fr-CA", ["grief", "sleep"], "instant", "confirmed")
    assert (bob.email, bob.address_key) == ("bob@réader.example", "bob@xn--rader-bsa.example")
    consent = ann.consents.get()
    assert (consent.basis, consent.obtained_on.isoformat(), consent.ends_on, consent.proof) == ("express", SIGNED, None, "sign-up sheet")
    assert consent.recorded_by.endswith("(command line)")
    assert "2 readers were imported" in Event.objects.get().what


def test_a_second_time_changes_nothing(blog, sheet):
    file = sheet("email\nann@reader.example\n")
    take(file)
    assert take(file)["already"] == 1
    assert Consent.objects.count() == 1


def test_a_new_consent_of_someone_known_is_kept_beside_the_old(blog, sheet):
    ann = make_subscriber(blog, "ann@reader.example", basis="inquiry")
    assert take(sheet("email\nANN@reader.example\n"))["renewed"] == 1
    assert list(ann.consents.values_list("basis", flat=True).order_by("pk")) == ["inquiry", "express"]


def test_whoever_left_is_left_out_and_said(blog, sheet):
    make_subscriber(blog, "ann@reader.example")
    make_subscriber(blog, "bob@reader.example")
    run("unsubscribe", "example", "ann@reader.example")
    run("forget", "example", "bob@reader.example")
    file = sheet("email\nAnn@reader.example\nbob@reader.example\ncid@reader.example\ncid@READER.example\n")
    out = run("import", "example", file, "--basis", "express", "--obtained", SIGNED, "--proof", "x")
    assert out.strip() == "1 imported; 2 left out, because they have unsubscribed; 1 more than once in the file."
    assert Subscriber.objects.filter(state="confirmed").count() == 1


def test_a_dry_run_says_what_would_happen_and_changes_nothing(blog, sheet):
    document = take(sheet("email\nann@reader.example\n"), "--dry-run")
    assert (document["imported"], document["dry_run"]) == (1, True)
    assert not Subscriber.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ["line 1: the header must name the columns, one of them email; allowed are email, name, language, topics, edition."]),
        (
            "name\nAnn\n",
            ["line 1: the header must name the columns, one of them email; allowed are email, name, language, topics, edition."],
        ),
        (
            "email,email\na@b.example,a@b.example\n",
            ["line 1: the header must name the columns, one of them email; allowed are email, name, language, topics, edition."],
        ),
        ("email\nann\n", ["line 2: 'ann' is not an e-mail address: there is no @."]),
        ("email,name\n,Ann\n", ["line 2: the e-mail address is missing."]),
        ("email,name\nann@reader.example\n", ["line 2: it has 1 columns, the header 2."]),
        ("email\nann@reader.example,Ann\n", ["line 2: it has 2 columns, the header 1."]),
        ("email,language\nann@reader.example,de\n", ["line 2: the language 'de' is not one of en-CA, fr-CA."]),
        ("email,edition\nann@reader.example,weekly\n", ["line 2: the edition 'weekly' is not one that this blog sends: instant."]),
        (
            "email\nann@reader.example\nbob\n\ncid@\n",
            ["line 3: 'bob' is not", "line 5: 'cid@' is not an e-mail address: look at what stands after the @."],
        ),
        ('email,name\nann@reader.example,"Ann\nLee"\nbob,x\n', ["line 4: 'bob' is not"]),
        ('email\n"ann@reader.example\n', ["line 2: this is not CSV: unexpected end of data."]),
        (b"email\nann@reader.example\nb\xe9a@reader.example\n", ["line 3: this is not UTF-8 text; save the file as “CSV UTF-8”."]),
        ('email\n"ann@reader.example\nBcc: x@y.example"\n', ["line 3: 'ann@reader.example\\nBcc: x@y.example' is not an e-mail address"]),
    ],
)
def test_each_bad_line_has_its_sentence_and_then_nothing_is_taken(blog, sheet, text, mistakes):
    with pytest.raises(CommandError) as refused:
        take(sheet(text))
    told = str(refused.value).split("\n")
    assert told[-1] == "Nothing was imported: correct these lines, then import the file again."
    assert len(told) == len(mistakes) + 1
    for line, mistake in zip(told, mistakes, strict=False):
        assert line.startswith(mistake)
    assert not Subscriber.objects.exists()


def test_of_very_many_bad_lines_the_first_are_told(blog, sheet):
    with pytest.raises(CommandError, match="and 450 more"):
        take(sheet("email\n" + "nobody\n" * 500))


def test_semicolons_are_understood_where_the_header_has_no_comma():
    (row,) = read_sheet(b"email;name\nann@reader.example;Lee, Ann\n", ["instant"]).rows
    assert row.name == "Lee, Ann"


def test_columns_without_use_are_named(blog, sheet):
    out = run("import", "example", sheet("email,Phone\nann@reader.example,1\n"), "--basis", "express", "--obtained", SIGNED, "--proof", "x")
    assert "Columns that Postlark has no use for: phone." in out


@pytest.mark.parametrize(
    ("basis", "obtained", "proof", "word"),
    [
        ("express", "2999-01-01", "x", "in the future"),
        ("inquiry", "2020-01-01", "x", "This consent ended on 1 July 2020"),
        ("purchase", "2020-01-01", "x", "This consent ended on 1 January 2022"),
        ("express", SIGNED, "  ", "The proof is missing"),
    ],
)
def test_a_basis_that_no_longer_holds_is_refused(blog, sheet, basis, obtained, proof, word):
    with pytest.raises(CommandError, match=word):
        run("import", "example", sheet("email\nann@reader.example\n"), "--basis", basis, "--obtained", obtained, "--proof", proof)
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("left_out", ["--basis", "--obtained", "--proof"])
def test_without_basis_day_and_proof_nobody_is_taken(blog, sheet, left_out):
    arguments = {"--basis": "express", "--obtained": SIGNED, "--proof": "x"}
    del arguments[left_out]
    with pytest.raises(CommandError, match=left_out):
        run("import", "example", sheet("email\n"), *[word for pair in arguments.items() for word in pair])


def test_a_file_that_is_not_there_and_a_blog_that_is_not_there_are_sentences(blog, tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        take(str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="There is no blog 'other'"):
        run("list", "other")


def test_a_long_list_is_taken_at_once(blog, sheet):
    file = sheet("email,name\n" + "".join(f"reader.{number}@reader.example,Reader {number}\n" for number in range(10_000)))
    assert take(file)["imported"] == 10_000
    assert take(file)["already"] == 10_000
    assert Consent.objects.count() == 10_000


def test_show_answers_did_this_person_get_it(relay, settings):
    blog = live_blog(relay)
    make_subscriber(blog, "gone@reader.example")
    make_subscriber(blog, "ann@reader.example", basis="purchase")
    delivery = planned(blog)
    send_to_the_end(delivery)
    ann = json.loads(run("show", "example", "ANN@reader.example", "--json"))
    assert (ann["email"], ann["state"]) == ("ann@reader.example", "confirmed")
    assert ann["consent"][0]["basis"] == "purchase"
    (got,) = ann["deliveries"]
    assert (got["id"], got["title"], got["state"], got["reason"]) == (
        str(delivery.pk),
        delivery.post.title,
        "sent",
        "The mail relay took it.",
    )
    assert got["at"].endswith("Z")
    assert "Their mail server said the mailbox does not exist." in run("show", "example", "gone@reader.example")


def test_somebody_unknown_is_a_sentence(blog):
    with pytest.raises(CommandError, match="is not on the list of example"):
        run("show", "example", "ann@reader.example")
    with pytest.raises(CommandError, match="there is no @"):
        run("show", "example", "ann")


def test_list_is_newest_first_and_can_be_narrowed(blog):
    make_subscriber(blog, "ann@reader.example")
    make_subscriber(blog, "bob@reader.example", basis="")
    run("unsubscribe", "example", "ann@reader.example")
    assert [person["email"] for person in json.loads(run("list", "example", "--json"))] == ["bob@reader.example", "ann@reader.example"]
    assert json.loads(run("list", "example", "--state", "confirmed", "--json"))[0]["why_not"] == "No consent to write to them is on record."


def test_export_can_be_read_back_and_holds_no_formula(blog):
    make_subscriber(blog, "ann@reader.example", name="=cmd()", topics=["grief", "sleep"])
    (row,) = csv.DictReader(io.StringIO(run("export", "example")))
    assert (row["email"], row["name"], row["topics"], row["basis"], row["state"]) == (
        "ann@reader.example",
        "'=cmd()",
        "grief;sleep",
        "express",
        "confirmed",
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["subscribed_at"])
    assert (row["may_be_written_to"], row["left_at"]) == ("yes", "")


def test_to_forget_keeps_a_hash_and_the_counts_and_nothing_else(relay, settings):
    blog = live_blog(relay)
    ann = make_subscriber(blog, "ann@reader.example", name="Ann", topics=["grief"])
    begin(delivery := make_newsletter(make_post(blog, categories=["Grief"])))
    send_to_the_end(delivery)
    assert "erased" in run("forget", "example", "ann@reader.example")
    ann.refresh_from_db()
    assert (ann.email, ann.name, ann.topics, ann.state) == ("", "", [], "forgotten")
    assert (Suppression.objects.get().cause, Suppression.objects.get().reason) == ("forgotten", "")
    assert "ann" not in ann.address_key
    assert not ann.consents.exists()
    assert Recipient.objects.get().state == "sent"
    assert "forgotten already" in run("forget", "example", "ann@reader.example")
    assert Blog.objects.get().suppressions == 1


def test_unsubscribe_is_kept_in_the_record_without_the_address(blog):
    make_subscriber(blog, "ann@reader.example")
    assert json.loads(run("unsubscribe", "example", "ann@reader.example", "--json"))["changed"] is True
    assert json.loads(run("unsubscribe", "example", "ann@reader.example", "--json"))["changed"] is False
    event = Event.objects.get()
    assert "ann" not in f"{event.what}{event.data}"
    assert event.who.endswith("(command line)")


def test_one_person_is_one_row_however_the_address_is_written(blog, sheet):
    spellings = [
        "Ann@réader.example",
        "ANN@RÉADER.EXAMPLE",
        "ann@xn--rader-bsa.example",
        "ann@XN--RADER-BSA.example",
        " ann@re\u0301ader.example ",
    ]
    assert take(sheet("email\n" + "\n".join(spellings) + "\n")) | {"dry_run": 0} == {
        **{"blog": "example", "dry_run": 0, "imported": 1, "renewed": 0, "already": 0, "suppressed": 0},
        "repeated": 4,
    }
    assert take(sheet("email\nann+news@réader.example\n"))["imported"] == 1, "a plus tag is an address of its own"


def test_what_is_no_letter_is_not_kept_and_no_header_can_be_made_of_a_name(blog, sheet):
    take(sheet('email,name,topics\nann@reader.example,"Ann\r\nBcc: evil@evil.example\0\x1b[2J","grief\nX: y"\n'))
    ann = Subscriber.objects.get()
    assert (ann.name, ann.topics) == ("Ann Bcc: evil@evil.example [2J", ["grief X: y"])


@pytest.mark.parametrize("line", ["a" * 1_000_000 + "@reader.example", "ann@" + "é" * 1_000_000, "ann@reader.example," + "A" * 1_000_000])
def test_a_cell_of_a_megabyte_is_one_lines_mistake_told_in_short(blog, sheet, line):
    with pytest.raises(CommandError) as refused:
        take(sheet(f"email,name\nbob@reader.example,Bob\n{line if ',' in line else line + ','}\n"))
    assert str(refused.value).startswith("line 3: ")
    assert len(str(refused.value)) < 500
    assert not Subscriber.objects.exists()


def test_a_list_comes_home_as_it_went_out_without_a_formula_in_it(blog, sheet):
    make_subscriber(blog, "=cmd@reader.example", name="@SUM(1)", topics=["-1", "+2"])
    exported = run("export", "example")
    row = next(csv.DictReader(io.StringIO(exported)))
    assert (row["email"], row["name"], row["topics"]) == ("'=cmd@reader.example", "'@SUM(1)", "'-1;+2")
    Subscriber.objects.all().delete()
    assert take(sheet(exported))["imported"] == 1
    again = Subscriber.objects.get()
    assert (again.email, again.name, again.topics) == ("=cmd@reader.example", "@SUM(1)", ["-1", "+2"])


def test_whoever_was_forgotten_is_known_by_nothing_but_that(blog):
    make_subscriber(blog, "ann@reader.example", name="Ann")
    run("forget", "example", "Ann@reader.example")
    assert json.loads(run("show", "example", "ann@reader.example", "--json")) == {
        **{"email": "", "state": "forgotten", "consent": [], "deliveries": []}
    }
    assert "ann@" not in run("export", "example")


def test_an_exported_list_brings_nobody_back_who_had_left(blog, sheet):
    make_subscriber(blog, "ann@reader.example")
    make_subscriber(blog, "bob@reader.example")
    make_subscriber(blog, "cid@reader.example")
    run("unsubscribe", "example", "bob@reader.example", "--reason", "He rang.")
    run("forget", "example", "cid@reader.example")
    file = sheet(run("export", "example"))
    make_blog("other")
    out = run("import", "other", file, "--basis", "express", "--obtained", SIGNED, "--proof", "their old list")
    assert out.startswith("1 imported; 2 left out, because they have unsubscribed.")
    assert Subscriber.objects.get(blog__slug="other").email == "ann@reader.example"


def test_an_address_is_barred_and_let_out_on_a_new_consent(blog):
    make_subscriber(blog, "ann@reader.example")
    assert json.loads(run("suppress", "example", "Ann@Reader.example", "--reason", "She rang.", "--json"))["changed"]
    assert json.loads(run("suppress", "example", "ann@reader.example", "--json"))["changed"] is False
    assert json.loads(run("show", "example", "ann@reader.example", "--json"))["may_be_written_to"] is False
    with pytest.raises(CommandError, match="A new consent is needed"):
        run("unsuppress", "example", "ann@reader.example", "--obtained", "2020-05-04", "--proof", "an old form")
    today = blog_file().local(clocks.now()).date().isoformat()
    assert "the new consent is on record" in run(
        "unsuppress", "example", "ann@reader.example", "--obtained", today, "--proof", "her letter"
    )
    assert json.loads(run("show", "example", "ann@reader.example", "--json"))["may_be_written_to"] is True
