"""`omega market search|show|publish|buy|install`, over HTTP against a control plane on a port."""

from contextlib import contextmanager

import pytest

from app.features.marketplace.rows import MemberRow
from tests.browser import on_a_port
from tests.features.marketplace.catalogue.publishing import GOOD, laid_out, open_market
from tests.features.marketplace.trading import keep

FILES = ("artifact", "bundle", "manifest")


@pytest.fixture
def files(tmp_path):
    """The options that name the files of a release."""
    for name in FILES:
        (tmp_path / name).write_bytes(name.encode())
    return [each for name in FILES for each in (f"--{name}", tmp_path / name)]


class Asked:
    """The command against one service, which takes whoever shows a token for `acme-ci`."""

    def __init__(self, omega, url, bearer, examiner):
        self._omega, self._url, self._bearer, self.examiner = omega, url, bearer, examiner

    def __call__(self, *arguments, token=True):
        shown = ("--bearer", self._bearer) if token else ()
        return self._omega("market", *arguments, "--url", self._url, *shown)


@contextmanager
def told_by_token(shop):
    """Serve a marketplace that believes one token, as the ASGI application before it proves them."""

    def application(environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") == "Bearer shown":
            environ |= shop.service()
        return shop.control.app(environ, start_response)

    with on_a_port(application) as url:
        yield url


@pytest.fixture
def asked(omega, sqlite_url, tmp_path):
    (tmp_path / "bearer").write_text("shown\n")
    with open_market(sqlite_url) as (shop, _, examiner), told_by_token(shop) as url:
        shop.developer().post("/marketplace/agents", laid_out())
        keep(MemberRow(account="service acme-ci", party="globex", decision_id="made-by-a-test-1"))
        yield Asked(omega, url, tmp_path / "bearer", examiner)


def test_an_agent_is_published_found_shown_and_installed(asked, files, tmp_path):
    published = asked("publish", "invoice-reader", "1.0.0", *files)
    assert (published.code, "is listed, by decision" in published.errors) == (0, True)
    assert asked("search", "invoice", token=False).out.startswith("invoice-reader  1.0.0  SLSA 3")
    assert asked("search", "invoice", "--json", token=False).json["agents"][0]["id"] == "invoice-reader"
    assert asked("show", "invoice-reader", token=False).json["releases"][0]["version"] == "1.0.0"
    out = tmp_path / "agent.bin"
    installed = asked("install", "invoice-reader", "--version", "1.0.0", "--out", out, "--json")
    assert (installed.code, out.read_bytes()) == (0, b"artifact")
    assert "artifact_base64" not in installed.json


def test_what_is_missing_is_said_and_nothing_is_sold(asked, files):
    asked.examiner.facts = GOOD | {"tests": {"coverage_percent": 10}}
    published = asked("publish", "invoice-reader", "1.0.0", *files)
    assert (published.code, published.errors.startswith("covered: ")) == (1, True)
    assert asked("search", token=False).code == 1


def test_a_dry_run_sells_nothing(asked, files):
    tried = asked("publish", "invoice-reader", "1.0.0", "--dry-run", "--json", *files)
    assert (tried.code, all(each["passed"] for each in tried.json["gates"])) == (0, True)
    assert asked("search", token=False).code == 1


def test_a_denial_is_one_line_with_its_gates(asked, files):
    assert asked("publish", "invoice-reader", "1.0.0", *files).code == 0
    again = asked("publish", "invoice-reader", "1.0.0", *files)
    assert (again.code, "unused: " in again.message) == (1, True)


def test_who_shows_no_token_is_a_visitor(asked, files):
    ended = asked("publish", "invoice-reader", "1.0.0", *files, token=False)
    assert ended.code == 2
    assert ended.message


def test_what_cannot_be_done_is_one_line(asked, omega, tmp_path):
    assert (asked("show", "nothing").code, asked("show", "nothing").message[:12]) == (2, "there is not")
    assert asked("install", "--out", tmp_path / "x").code == 2
    assert asked("install", "--token", "none", "--out", tmp_path / "x").code == 2
    assert asked("buy", "invoice-reader", "--plan", "p1", "--source", "card_visa").code == 3  # nothing is sold here
    assert asked("buy", "invoice-reader", "--plan", "p1").code == 2
    missing = ("--artifact", tmp_path / "no", "--bundle", tmp_path / "no", "--manifest", tmp_path / "no")
    assert asked("publish", "invoice-reader", "1.0.0", *missing).code == 2
    assert omega("market", "search", "--url", "http://127.0.0.1:9").code == 3
    assert omega("market", "search", "--url", "ftp://127.0.0.1").code == 2
