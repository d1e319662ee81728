from datetime import timedelta
from ipaddress import ip_network

import pytest

from config.env import Env

SCHEMES = ("https", "http")


def test_it_reads_a_secret_from_the_file_that_name_file_names(tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    assert Env({"SECRET_KEY_FILE": str(tmp_path / "secret")}).text("SECRET_KEY") == "from the file"


def test_it_finds_relays_given_as_files_as_well(tmp_path):
    (tmp_path / "url").write_text("smtp://relay.example:587")
    env = Env({"EMAIL_URL": "smtp://a.example", "EMAIL_URL_MAIN_FILE": str(tmp_path / "url")})
    assert env.matching(r"EMAIL_URL(?:_[A-Z0-9_]+?)?") == {"EMAIL_URL": "smtp://a.example", "EMAIL_URL_MAIN": "smtp://relay.example:587"}


def lease(env):
    return env.duration("LEASE", "120s", least="1s", most="1d")


@pytest.mark.parametrize(
    ("environ", "read", "sentence"),
    [
        ({"K": "a", "K_FILE": "/dev/null"}, lambda env: env.text("K"), "K and K_FILE are both set; set only one of them."),
        ({"K_FILE": "/no/such"}, lambda env: env.text("K"), "K_FILE names /no/such, which cannot be read: No such file or directory."),
        ({"LEASE": "soon"}, lease, "LEASE is 'soon'; allowed is a number with s, m, h or d"),
        ({"LEASE": "0s"}, lease, "LEASE is '0s'; allowed is from '1s' to '1d'."),
        ({"LEASE": "2d"}, lease, "LEASE is '2d'; allowed is from '1s' to '1d'."),
        ({"LEASE": "nan"}, lease, "LEASE is 'nan'; allowed is a number with s, m, h or d"),
        ({"LISTEN": "8000"}, lambda env: env.address("LISTEN", "127.0.0.1:8000"), "LISTEN is '8000'; allowed is HOST:PORT"),
        ({"LISTEN": "a:99999"}, lambda env: env.address("LISTEN", "127.0.0.1:8000"), "LISTEN is 'a:99999'; allowed is HOST:PORT"),
        ({"LISTEN": "a:0"}, lambda env: env.address("LISTEN", "127.0.0.1:8000"), "LISTEN is 'a:0'; allowed is HOST:PORT"),
        ({"SITE": "https://ann:hunter2@a"}, lambda env: env.site("SITE", ""), "SITE takes no user, no ? and no #"),
        ({"SITE": "https://a/?b"}, lambda env: env.site("SITE", ""), "SITE takes no user, no ? and no #"),
        ({"SITE": "ftp://a#b"}, lambda env: env.site("SITE", ""), "SITE must begin with https:// or http://"),
        ({"URL": "ftp://a"}, lambda env: env.url("URL", "", SCHEMES), "URL must begin with https:// or http:// and name a place."),
        ({"URL": "https://"}, lambda env: env.url("URL", "", SCHEMES), "URL must begin with https:// or http:// and name a place."),
        ({"URL": "https://a:99999/"}, lambda env: env.url("URL", "", SCHEMES), "URL must begin with"),
        ({"URL": "https://[1"}, lambda env: env.url("URL", "", SCHEMES), "URL must begin with"),
        ({"NETS": "10.0.0.0/8 x"}, lambda env: env.networks("NETS"), "NETS holds 'x'; allowed are addresses and networks"),
        ({"LEVEL": "loud"}, lambda env: env.choice("LEVEL", "info", ("info", "debug")), "LEVEL is 'loud'; allowed are info, debug."),
    ],
)
def test_it_tells_what_is_wrong_and_what_is_allowed(environ, read, sentence):
    env = Env(environ)
    read(env)
    assert len(env.mistakes) == 1
    assert env.mistakes[0].startswith(sentence)


def test_it_collects_every_mistake_instead_of_stopping_at_the_first():
    env = Env({"LEASE": "soon", "LISTEN": "here"})
    assert lease(env) == timedelta(seconds=120)
    assert env.address("LISTEN", "127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert len(env.mistakes) == 2


def test_it_never_repeats_an_address_that_may_hold_a_password():
    env = Env({"BROKER_URL": "postgres://user:hunter2@host/db"})
    env.url("BROKER_URL", "", ("redis",))
    assert "hunter2" not in env.mistakes[0]


def test_it_reads_networks_with_spaces_or_commas():
    assert Env({"P": "127.0.0.1, 10.0.0.0/8 ::1"}).networks("P") == [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")]
