"""The keys of a provider: read in the background, kept while they cannot be read, gone when they are gone."""

import asyncio
import json

import pytest

from app.authentication import key_source
from app.authentication.key_source import KeySource
from evidence.authority import Answer
from evidence.errors import AuthorityError
from tests.providing import ISSUER, jwk

URL = "https://idp.example/keys"


def listed(*names, **changed):
    return json.dumps({"keys": [jwk(name, **changed) for name in names]}).encode()


class Provider:
    """Answers as the test wants, and counts."""

    def __init__(self):
        self.body, self.status, self.error, self.asked = listed("RS256"), 200, None, []

    def get(self, url, *, limit, deadline):
        assert (limit, deadline) == (key_source.LONGEST_SET, 10.0)
        self.asked.append(url)
        if self.error is not None:
            raise self.error
        return Answer(status=self.status, content_type="application/json", body=self.body)


@pytest.fixture
def provider(monkeypatch):
    found = Provider()
    monkeypatch.setattr(key_source.authority, "get", found.get)
    return found


def source(place=URL):
    made = KeySource(ISSUER, place, period=0.05, least=0.0)
    made.forgotten = 0

    def removed():
        made.forgotten += 1

    made.removed = removed
    return made


def refreshed(keys):
    asyncio.run(keys.refresh())
    return sorted(keys._keys)


def test_keys_are_read_from_where_they_are(provider):
    keys = source()
    assert keys.find("k-RS256") is None
    assert keys.alarm == f"keys of the issuer {ISSUER}: not read yet"
    assert refreshed(keys) == ["k-RS256"]
    assert keys.find("k-RS256").kid == "k-RS256"
    assert (keys.alarm, provider.asked, keys.is_file) == (None, [URL], False)


def test_keys_are_read_from_a_file(tmp_path):
    (tmp_path / "keys.json").write_bytes(listed("ES256"))
    keys = source(tmp_path / "keys.json")
    assert (refreshed(keys), keys.is_file) == (["k-ES256"], True)
    (tmp_path / "keys.json").unlink()
    assert refreshed(keys) == ["k-ES256"]
    assert keys.alarm.endswith("the file cannot be read: No such file or directory")


BREAKS = {
    "away": ({"error": AuthorityError("did not answer")}, "did not answer"),
    "another status": ({"status": 404}, "the answer has status 404"),
    "a redirect": ({"status": 302}, "the answer has status 302"),
    "no keys": ({"body": b"<html>"}, "a set of keys is JSON"),
    "a document of another kind": ({"body": b"{}"}, "a set of keys has `keys`"),
}


@pytest.mark.parametrize(("broken", "said"), BREAKS.values(), ids=BREAKS)
def test_the_keys_that_are_held_stay_while_others_cannot_be_had(provider, caplog, broken, said):
    keys = source()
    refreshed(keys)
    vars(provider).update(broken)
    assert refreshed(keys) == refreshed(keys) == ["k-RS256"]
    assert said in keys.alarm
    assert len(caplog.records) == 1  # said once
    vars(provider).update(body=listed("RS256", "ES256"), status=200, error=None)
    assert refreshed(keys) == ["k-ES256", "k-RS256"]
    assert (keys.alarm, keys.forgotten) == (None, 0)


@pytest.mark.parametrize(
    "body",
    [listed("ES256"), listed(), listed("RS256", of="another"), listed("RS256", alg="PS256")],
    ids=["another key", "no key", "another key of this name", "for another algorithm"],
)
def test_a_key_that_is_listed_no_more_is_trusted_no_more(provider, body):
    keys = source()
    refreshed(keys)
    provider.body = body
    refreshed(keys)
    assert keys.forgotten == 1


def test_nobody_need_be_told(provider):
    keys = KeySource(ISSUER, URL)
    refreshed(keys)
    provider.body = listed()
    assert refreshed(keys) == []


def keep(keys, until, wants=()):
    """Keep the keys until a condition holds, which cannot take long."""

    async def run():
        task = asyncio.create_task(keys.keep())
        async with asyncio.timeout(10):
            while not until():
                for kid in wants:
                    keys.find(kid)
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())


def test_keys_are_read_again_and_again(provider):
    keep(source(), lambda: len(provider.asked) >= 3)


def test_an_unknown_key_is_looked_for(provider):
    keys = KeySource(ISSUER, URL, period=1_000.0, least=0.0)
    provider.body = listed()
    keep(keys, lambda: len(provider.asked) >= 3, wants=["k-RS256"])


def test_unknown_keys_are_not_looked_for_all_the_time(provider):
    keys = KeySource(ISSUER, URL, period=2_000.0, least=1_000.0)
    refreshed(keys)

    async def run():
        task = asyncio.create_task(keys.keep())
        for _ in range(200):
            keys.find("unknown")
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    assert len(provider.asked) == 2


def test_a_provider_that_is_away_is_asked_again(provider):
    provider.error = AuthorityError("did not answer")
    keys = KeySource(ISSUER, URL, period=1_000.0, least=0.0)
    keep(keys, lambda: len(provider.asked) >= 3)
