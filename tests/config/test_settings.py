from pathlib import Path

from tests.processes import Installation

EXAMPLE = Path("config/blogs/example.toml").read_text()


def test_it_tells_every_mistake_of_the_environment_and_of_the_files_at_once(tmp_path):
    here = Installation(tmp_path, LEASE="soon", LISTEN="here", DATABASE_URL="mysql://root:hunter2@db/x", SECRET_KEY="x")
    (here.blogs / "practice.toml").write_text(
        EXAMPLE.replace('poll = "1m"', 'poll = "often"').replace("[channels.twitter]", "[channels.x]")
    )
    answer = here.run("check")
    assert answer.returncode == 1
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["LISTEN", "LEASE", "DATABASE_URL", "practice.toml:", "practice.toml:"]
    assert "hunter2" not in answer.stderr


def test_it_wants_a_key_that_all_processes_share_where_the_database_is_shared(tmp_path):
    here = Installation(tmp_path, DATABASE_URL="postgres://db/x")
    del here.environment["SECRET_KEY"]
    assert "SECRET_KEY is missing" in here.run("check").stderr


def test_it_says_where_it_cannot_write(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    answer = Installation(tmp_path).run("check")
    assert answer.returncode == 1
    assert answer.stderr == f"POSTLARK_DATA names {tmp_path}/data, where nothing can be written: File exists.\n"


def test_it_makes_a_key_once_that_only_its_owner_can_read(tmp_path):
    here = Installation(tmp_path)
    here.run("check")
    file = here.data / "secret_key"
    key = file.read_text()
    here.run("check")
    assert file.read_text() == key
    assert len(key) > 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert here.data.stat().st_mode & 0o777 == 0o700
