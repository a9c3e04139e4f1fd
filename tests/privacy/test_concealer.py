import asyncio
import threading

import pytest

from app.objects import ObjectsError
from app.pdp.errors import UnrecordedError
from app.privacy.concealer import KeptPayloads, KeyStoreConcealer
from app.privacy.detached import Detached
from app.privacy.errors import KeyStoreError
from app.privacy.sealed_block import SubjectKey
from tests.privacy.keyring import PLACE
from tests.privacy.objects import MemoryObjects

KEY = SubjectKey(f"psn_{'5' * 32}", f"k_{'7' * 32}", bytes(range(32)))


class Keys:
    """A key store that knows one person, and fails for the others."""

    async def key(self, _tenant, _kind, identifier):
        if identifier != "alice":
            raise KeyStoreError("the database is gone")
        return SubjectKey(KEY.subject, KEY.kid, bytes(range(32)))


def person(identifier):
    return asyncio.run(KeyStoreConcealer(Keys()).person("default", "user", identifier))


def test_a_person_is_whom_the_key_store_knows():
    alice = person("alice")
    assert alice.subject == KEY.subject
    assert KEY.open(alice.seal(b"text", place=PLACE), place=PLACE) == b"text"


def test_without_the_key_there_is_no_record_and_the_reason_names_nobody():
    with pytest.raises(UnrecordedError) as raised:
        person("bob")
    assert "bob" not in str(raised.value)


def test_a_person_who_is_erased_before_the_record_is_sealed_leaves_none():
    alice = person("alice")
    alice.key.forget()
    with pytest.raises(UnrecordedError, match="destroyed"):
        alice.seal(b"text", place=PLACE)
    with pytest.raises(UnrecordedError, match="cannot be kept"):
        asyncio.run(KeptPayloads(Detached(MemoryObjects())).keep(alice, b"text"))


def test_a_payload_is_durable_when_the_record_is_told_of_it():
    objects = MemoryObjects()
    reference = asyncio.run(KeptPayloads(Detached(objects)).keep(person("alice"), b"text"))
    assert Detached(objects).open(KEY, reference) == b"text"


def test_objects_that_fail_or_hang_leave_no_record():
    class Failing(MemoryObjects):
        def put(self, *_):
            raise ObjectsError("the disk is full")

    let_go = threading.Event()

    class Hanging(MemoryObjects):
        def put(self, *_):
            let_go.wait()

    async def keep(objects):
        with pytest.raises(UnrecordedError, match="cannot be kept"):
            await KeptPayloads(Detached(objects), patience=0.05).keep(person_of, b"text")
        let_go.set()

    person_of = person("alice")
    asyncio.run(keep(Failing()))
    let_go.clear()
    asyncio.run(keep(Hanging()))


def test_a_person_of_another_concealer_is_a_defect():
    with pytest.raises(TypeError):
        asyncio.run(KeptPayloads(Detached(MemoryObjects())).keep(KEY, b"text"))
