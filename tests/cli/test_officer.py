"""`omega officer login`."""

import os
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from app import keys
from app.features.session.links import Links

KNOWN = frozenset({"omega-ciso"})


def signed_in(settings, url):
    assert url.startswith("http://127.0.0.1:")
    links = Links(key=keys.load(settings.keys).token, issuer=settings.origin, now=time.time, random=os.urandom)
    return links.identified(parse_qs(urlsplit(url).query)["token"][0], KNOWN)


def test_it_prints_a_link_that_signs_the_officer_in(omega, settings):
    ended = omega("officer", "login", "--id", "maria", "--groups", "omega-ciso", "staff")
    assert (ended.code, ended.errors) == (0, "")
    found = signed_in(settings, ended.out.strip())
    assert (found.officer, found.groups, found.second_factor) == ("maria", ("omega-ciso",), False)


def test_as_json_it_stands_beside_how_long_it_is_good(omega, settings):
    ended = omega("officer", "login", "--id", "maria", "--groups", "omega-ciso", "--lifetime", "60", "--json")
    assert ended.json["seconds"] == 60
    assert signed_in(settings, ended.json["url"]).officer == "maria"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--id", "maria rossi", "--groups", "a"], "without spaces"),
        (["--id", "maria", "--groups", "a b"], "without spaces"),
        (["--id", "maria", "--groups", "a", "--lifetime", "901"], "not `901`"),
        (["--id", "maria", "--groups", "a", "--lifetime", "0"], "not `0`"),
    ],
    ids=["a name", "a group", "too long", "no time"],
)
@pytest.mark.usefixtures("settings")
def test_what_cannot_be_is_one_line(omega, arguments, message):
    ended = omega("officer", "login", *arguments)
    assert ended.code == 2
    assert message in ended.message


@pytest.mark.usefixtures("settings")
def test_where_nobody_knows_the_address_it_has_to_be_set(omega, monkeypatch):
    monkeypatch.setenv("OMEGA_HOST", "0.0.0.0")  # noqa: S104 - the point
    assert "OMEGA_PUBLIC_URL" in omega("officer", "login", "--id", "maria", "--groups", "a").message
    monkeypatch.setenv("OMEGA_PUBLIC_URL", "https://omega.example.org")
    ended = omega("officer", "login", "--id", "maria", "--groups", "a")
    assert ended.out.startswith("https://omega.example.org/session/link?token=")


def test_without_keys_there_is_no_link(omega, monkeypatch, tmp_path):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    assert omega("officer", "login", "--id", "maria", "--groups", "a").code == 2
