"""Who was erased, as keyed hashes: enough to erase again what a restore brings back, and no more."""

from datetime import UTC, datetime, timedelta

import pytest

from app.objects import ObjectsError
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.registry import Registry
from app.privacy.stores.suppression import KEPT, Suppression
from tests.privacy.keyring import LOOKUP
from tests.privacy.objects import MemoryObjects
from tests.privacy.stores.people import MemoryStore, person

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Scanned(MemoryStore):
    """A store that says whom it knows, by id and by e-mail."""

    def identifiers(self):
        self._called("identifiers")
        for name in self.held:
            yield "id", name
            yield "email", f"{name}@example.com"

    def erase(self, who):
        self._called("erase")
        mail = who.identifiers.get("email", "")
        return len(self.held.pop(who.id or mail.partition("@")[0], ()))


@pytest.fixture
def objects():
    return MemoryObjects()


@pytest.fixture
def suppression(objects):
    return Suppression(objects, LOOKUP)


def test_what_a_restore_brings_back_is_erased_again(suppression, objects):
    suppression.note("dsr-1", person())
    suppression.note("dsr-1", person())
    assert len(objects.data) == 1
    assert not any(b"alice" in data for data in objects.data.values())
    store = Scanned("crm", {"alice": [1], "bob": [1]})
    found = suppression.repeat(Registry([store, MemoryStore("memory")]), since=LONG_AGO)
    assert store.held == {"bob": [1]}
    assert (found.known, found.again, found.failed, found.blind) == (1, {"crm": 1}, (), ("memory",))
    assert suppression.repeat(Registry([store]), since=LONG_AGO).again == {"crm": 0}


def test_somebody_of_another_tenant_is_somebody_else(suppression):
    suppression.note("dsr-1", person(tenant="shop"))
    store = Scanned("crm", {"alice": [1]})
    store.erase = lambda who: who.tenant == "shop"
    assert suppression.repeat(Registry([store]), since=LONG_AGO).again == {"crm": 2}


def test_who_was_erased_before_the_backup_may_have_come_back(suppression, objects):
    suppression.note("dsr-1", person())
    store = Scanned("crm", {"alice": [1]})
    found = suppression.repeat(Registry([store]), since=objects.now + timedelta(seconds=1))
    assert (found.known, store.held) == (0, {"alice": [1]})


@pytest.mark.parametrize("error", [StoreError("away"), UnsupportedError("kept by law")])
def test_a_store_that_fails_is_named(suppression, error):
    suppression.note("dsr-1", person())
    store = Scanned("crm", {"alice": [1]})
    store.failing = "erase", error
    assert suppression.repeat(Registry([store]), since=LONG_AGO).failed == ("crm",)


def test_entries_go_when_no_backup_needs_them(suppression, objects):
    suppression.note("dsr-1", person())
    assert suppression.expire(objects.now + KEPT) == 0
    assert suppression.expire(objects.now + KEPT + timedelta(seconds=1)) == 1
    assert objects.data == {}


def test_a_place_that_fails_or_was_damaged_is_no_empty_list(suppression, objects):
    suppression.note("dsr-1", person())
    [key] = objects.data
    objects.data["erased/readme"] = b"not an entry"
    for damage in (b"{", b"[]", b'{"tenant": "default"}', b'{"tenant": "x", "kind": "y", "lookups": 7}'):
        objects.data[key] = damage
        with pytest.raises(StoreError, match="cannot be read"):
            suppression.repeat(Registry([]), since=LONG_AGO)


class Away(MemoryObjects):
    def put(self, *_):
        raise ObjectsError("away")

    def delete(self, *_):
        raise ObjectsError("away")

    def list(self, *_):
        raise ObjectsError("away")


def test_a_place_that_is_away_is_said_to_be():
    made = Suppression(Away(), LOOKUP)
    for look in (
        lambda: made.note("dsr-1", person()),
        lambda: made.forget("dsr-1"),
        lambda: made.expire(LONG_AGO),
        lambda: made.repeat(Registry([]), since=LONG_AGO),
    ):
        with pytest.raises(StoreError):
            look()
