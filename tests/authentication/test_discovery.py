"""Where a provider has its keys: what is asked for, and what is taken from the answer."""

import asyncio
import json
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication import discovery
from app.authentication.discovery import DiscoveryError, discover, metadata_urls, parse_metadata
from app.authentication.key_source import KeySource
from evidence.authority import Answer
from evidence.errors import AuthorityError
from tests.providing import ISSUER, jwk

KEYS = "https://keys.example/certs?p=one"
OAUTH, OPENID = metadata_urls(ISSUER)


def metadata(**changed):
    said = {"issuer": ISSUER, "jwks_uri": KEYS, "token_endpoint": "https://idp.example/token"} | changed
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("issuer", "oauth", "openid"),
    [
        ("https://a.example", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"),
        ("https://a.example/", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"),
        (
            "https://a.example/x/y/",
            "/.well-known/oauth-authorization-server/x/y",
            "/x/y/.well-known/openid-configuration",
        ),
    ],
    ids=["a host", "a host and a slash", "a path"],
)
def test_metadata_are_where_the_standards_say(issuer, oauth, openid):
    assert metadata_urls(issuer) == (f"https://a.example{oauth}", f"https://a.example{openid}")


def test_the_place_of_the_keys_is_taken_from_metadata():
    assert parse_metadata(ISSUER, metadata()) == KEYS
    local = "http://127.0.0.1:9"
    assert parse_metadata(local, metadata(issuer=local, jwks_uri=f"{local}/keys")) == f"{local}/keys"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "metadata are a JSON object"),
        (b"[]", "metadata are a JSON object"),
        (b"{" * 70_000, "metadata are a JSON object"),
        (metadata(issuer=None), "the metadata are of another issuer"),
        (metadata(issuer=f"{ISSUER}/"), "the metadata are of another issuer"),
        (metadata(issuer=ISSUER.upper()), "the metadata are of another issuer"),
        (metadata(issuer=[ISSUER]), "the metadata are of another issuer"),
        (metadata()[:-1] + b', "issuer": "x"}', "metadata are a JSON object"),
        *(
            (metadata(jwks_uri=place), "the metadata have no `jwks_uri` with https")
            for place in (None, 1, "", "keys", "http://keys.example", "http://127.0.0.1/keys", "file:///keys", "https:")
        ),
    ],
)
def test_what_is_no_metadata_of_the_issuer_says_nothing(body, said):
    with pytest.raises(DiscoveryError, match=said):
        parse_metadata(ISSUER, body)


@given(st.binary() | st.builds(metadata, jwks_uri=st.text()))
def test_no_body_leaks_another_error(body):
    with suppress(DiscoveryError):
        assert parse_metadata(ISSUER, body).startswith("https:")


class Provider:
    """Answers at each place as the test wants."""

    def __init__(self, **answers):
        self._answers, self.asked = answers, []

    def get(self, url, *, limit, deadline):
        assert (limit, deadline) == (discovery.LONGEST, discovery.DEADLINE)
        self.asked.append(url)
        answer = self._answers["oauth" if url == OAUTH else "openid"]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return Answer(status=status, content_type="application/json", body=body)


GOOD = (200, metadata())


@pytest.mark.parametrize(
    ("oauth", "asked"),
    [
        (GOOD, [OAUTH]),
        ((404, b""), [OAUTH, OPENID]),
        ((302, metadata()), [OAUTH, OPENID]),
        ((200, b"<html>"), [OAUTH, OPENID]),
        (AuthorityError("did not answer"), [OAUTH, OPENID]),
    ],
    ids=["the first", "not there", "a redirect", "a page", "silence"],
)
def test_the_first_document_that_is_right_counts(monkeypatch, oauth, asked):
    provider = Provider(oauth=oauth, openid=GOOD)
    monkeypatch.setattr(discovery.authority, "get", provider.get)
    assert (discover(ISSUER), provider.asked) == (KEYS, asked)


def test_why_there_is_none_is_said_of_each(monkeypatch):
    provider = Provider(oauth=(404, b""), openid=AuthorityError("did not answer"))
    monkeypatch.setattr(discovery.authority, "get", provider.get)
    with pytest.raises(DiscoveryError) as refused:
        discover(ISSUER)
    assert str(refused.value) == (f"no metadata: {OAUTH}: the answer has status 404; {OPENID}: did not answer")


class Serving(BaseHTTPRequestHandler):
    """What a small provider serves."""

    def __init__(self, documents, *arguments):
        self._documents = documents
        super().__init__(*arguments)

    def do_GET(self):
        body = self._documents.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_): ...


def test_keys_are_found_and_followed_when_they_move():
    documents = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Serving, documents)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        issuer = f"http://127.0.0.1:{server.server_port}/realms/one"
        keys = KeySource(issuer, None)
        asyncio.run(keys.refresh())
        assert keys.alarm.startswith(f"keys of the issuer {issuer}: no metadata: ")
        for place in ("/old", "/new"):
            said = {"issuer": issuer, "jwks_uri": f"http://127.0.0.1:{server.server_port}{place}"}
            documents.clear()
            documents["/realms/one/.well-known/openid-configuration"] = json.dumps(said).encode()
            documents[place] = json.dumps({"keys": [jwk("RS256"), jwk("ES256")][place == "/new" :]}).encode()
            asyncio.run(keys.refresh())
            assert keys.alarm is None
            assert keys.find("k-ES256") is not None
        assert keys.find("k-RS256") is None
        assert not keys.is_file
        server.shutdown()
