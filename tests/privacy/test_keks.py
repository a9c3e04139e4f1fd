"""The generations that a process holds: loaded when asked for, tried again now and then, overwritten when dropped."""

import pytest

from app.kek_provider import KmsUnavailableError
from app.keys import KeyFileError
from app.privacy.errors import KeyStoreError
from app.privacy.keks import Keks
from app.privacy.sealed_block import SubjectKey
from tests.privacy.keyring import Clock

ROW = {"lookup": "0" * 64, "subject": "psn_" + "0" * 32, "kid": "k_" + "0" * 32, "kek": 1}
KEY = bytes(range(32))
NONCE = bytes(12)


class Provider:
    """Generations that fail when they are opened, as long as the test says so; counts how often it is asked."""

    def __init__(self):
        self.there = {1: bytes(32), 2: bytes([2]) * 32}
        self.failing = {}
        self.asked = 0
        self.opened = []

    def load(self):
        self.asked += 1
        provider = self

        class Opened(dict):
            def __getitem__(self, generation):
                provider.opened.append(generation)
                if generation in provider.failing:
                    raise provider.failing[generation]
                return super().__getitem__(generation)

        return Opened(self.there)


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def keks(provider, clock):
    return Keks(provider.load, clock=clock)


@pytest.fixture
def clock():
    return Clock()


def test_nothing_is_loaded_until_it_is_asked_for_and_then_once(provider, keks):
    assert (keks.held, provider.asked) == (frozenset(), 0)
    wrapped = keks.wrap(ROW, KEY, NONCE)
    assert keks.unwrap({**ROW, "wrapped": wrapped}) == KEY
    assert (keks.held, provider.asked, provider.opened) == ({1, 2}, 1, [1, 2])
    keks.reload()
    assert provider.opened == [1, 2]


def test_what_fails_to_open_keeps_nobody_from_the_others(provider, keks):
    provider.failing[1] = KmsUnavailableError("KMS cannot be reached: ConnectTimeoutError")
    with pytest.raises(KeyStoreError, match="cannot be loaded: KMS cannot be reached") as caught:
        keks.reload()
    assert isinstance(caught.value.__cause__, KmsUnavailableError)
    assert keks.held == {2}
    assert keks.wrap({**ROW, "kek": 2}, KEY, NONCE)


def test_what_is_asked_for_is_had_though_another_fails_with_it(provider, keks):
    provider.failing[1] = KmsUnavailableError("away")
    assert keks.wrap({**ROW, "kek": 2}, KEY, NONCE)


def test_a_provider_that_fails_is_asked_again_after_growing_pauses_and_not_by_every_request(provider, keks, clock):
    provider.failing[1] = provider.failing[2] = KmsUnavailableError("away")
    asked = []
    for _ in range(200):
        with pytest.raises(KeyStoreError, match="cannot be loaded: away"):
            keks.wrap(ROW, KEY, NONCE)
        asked.append(provider.asked)
        clock.now += 0.5
    assert asked[:3] == [1, 1, 2]
    assert asked[-1] == 8  # after 1, 2, 4, 8, 16, 30 and 30 seconds
    provider.failing.clear()
    clock.now += 30
    assert keks.wrap(ROW, KEY, NONCE)
    provider.failing[2] = KmsUnavailableError("away")
    keks.drop()
    with pytest.raises(KeyStoreError):
        keks.reload()
    clock.now += 1  # the first pause again
    provider.failing.clear()
    keks.reload()
    assert keks.held == {1, 2}


def test_a_place_that_cannot_be_read_leaves_what_is_held(keks, monkeypatch):
    keks.reload()

    def broken():
        raise KeyFileError("the disk is gone")

    monkeypatch.setattr(keks, "_load", broken)
    with pytest.raises(KeyStoreError, match="the disk is gone"):
        keks.reload()
    assert keks.held == {1, 2}


def test_a_generation_of_another_size_is_one_error(provider, keks):
    provider.there[2] = bytes(16)
    with pytest.raises(KeyStoreError, match="32 bytes"):
        keks.reload()
    assert keks.held == {1}


def test_what_is_dropped_is_overwritten(provider, keks):
    keks.reload()
    held = dict(keks._held)
    del provider.there[2]
    keks.reload()
    assert (keks.held, held[2]) == ({1}, bytearray(32))
    provider.there[1] = KEY
    keks.drop()
    assert keks.held == frozenset()
    with pytest.raises(KeyStoreError, match=r"generation 7 .* is not here"):
        keks.wrap({**ROW, "kek": 7}, KEY, NONCE)
    held = dict(keks._held)
    assert held[1] == KEY
    keks.drop()
    assert held[1] == bytes(32)


@pytest.mark.parametrize("wrapped", [None, 7, b"", bytes(27), bytes(60), "text"])
def test_what_is_damaged_is_one_error(keks, wrapped):
    with pytest.raises(KeyStoreError, match="damaged"):
        keks.subject_key({**ROW, "wrapped": wrapped})


def test_a_key_is_copied_into_its_holder_and_overwritten_where_it_was_unwrapped(keks, monkeypatch):
    wrapped = keks.wrap(ROW, KEY, NONCE)
    unwrap, seen = keks.unwrap, []

    def kept(row):
        seen.append(unwrap(row))
        return seen[-1]

    monkeypatch.setattr(keks, "unwrap", kept)
    key = keks.subject_key({**ROW, "wrapped": wrapped})
    assert isinstance(key, SubjectKey)
    assert seen == [bytearray(32)]
    assert key._key == KEY
    with pytest.raises(KeyStoreError, match="a subject key is damaged"):
        keks.subject_key({**ROW, "kid": "another", "wrapped": keks.wrap({**ROW, "kid": "another"}, KEY, NONCE)})
    assert seen[-1] == bytearray(32)
