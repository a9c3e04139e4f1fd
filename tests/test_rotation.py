"""Another key for the log: whatever step is the last one before a crash, a second try or the next start finishes."""

import logging
import signal
import sys
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import keys, rotation, sealing
from app.keys import KeyFileError
from app.pdp.lifeline import HOPELESS
from app.rotation import Rotation, RotationError
from evidence.errors import FindingError, RetiredKeyError, StoreError
from evidence.key_history import KeyHistory, Reason, statement_key
from evidence.keys import SigningKey
from evidence.store import open_store
from evidence.writer import utc_now
from tests.decision_plane.asking import body
from tests.node import decided, node_environment, prepared, sealed, use


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "_RETRY", 0)
    settings = prepared(tmp_path)
    decided(settings, body())
    sealed(settings)
    return settings


class Crash(BaseException):
    """The process ends here."""


def rotate(settings, reason=Reason.ROTATED, *, store=None, recorded=None):
    store = store or open_store(settings.store)
    record = [].append if recorded is None else recorded.append
    return Rotation(
        directory=settings.keys, store=store, retention=timedelta(days=1), clock=utc_now, record=record
    ).run(reason)


def pinned(settings):
    return keys.load(settings.keys).log.verifier


def history(settings):
    return KeyHistory.load(open_store(settings.store, read_only=True), pinned(settings))


def works(settings):
    """Start as the service does, decide, seal; then everything is under a checkpoint by the newest key."""
    keys.ensure(settings.keys, settings.origin)
    decided(settings, body())
    sealed(settings)
    found = history(settings)
    store = open_store(settings.store, read_only=True)
    newest = list(store.keys("log/checkpoints/"))[-1]
    assert found.newest == pinned(settings)
    assert found.verify_checkpoint(store.get(newest)).size > found.statements[-1].size
    return found


def test_the_node_has_another_key_and_the_log_says_since_when(settings):
    before = pinned(settings)
    recorded = []
    found = rotate(settings, recorded=recorded)
    assert found.keys == (before, pinned(settings))
    assert (found.statements[0].size, found.statements[0].reason) == (1, Reason.ROTATED)
    assert works(settings) == found
    [draft] = recorded
    assert (draft.type, draft.tenant, draft.body["number"], draft.body["size"]) == ("key.rotated", "system", 1, 1)
    assert (draft.body["previous_key"], draft.body["key"]) == (str(before), str(pinned(settings)))
    assert draft.body["reason"] == "rotated"


def test_nothing_is_left_of_the_old_key(settings):
    secret = (settings.keys / "log.key").read_bytes()
    rotate(settings)
    assert all(path.read_bytes() != secret for path in settings.keys.iterdir())
    assert sorted(path.name for path in settings.keys.iterdir()) == [
        "kek-000001.key", "log.key", "log.vkey", "lookup.key", "token.key",
    ]  # fmt: skip
    assert oct((settings.keys / "log.key").stat().st_mode & 0o7777) == "0o600"
    assert oct((settings.keys / "log.vkey").stat().st_mode & 0o7777) == "0o644"


def test_keys_may_follow_one_another_without_a_seal_between(settings):
    rotate(settings)
    rotate(settings, Reason.COMPROMISED)
    found = works(settings)
    assert [each.size for each in found.statements] == [1, 1]
    assert found.statements[1].reason is Reason.COMPROMISED


def test_a_log_without_a_seal_gets_another_key_too(tmp_path):
    settings = prepared(tmp_path)
    assert rotate(settings).statements[0].size == 0
    works(settings)


def test_seals_that_no_checkpoint_covers_are_covered_first(settings):
    decided(settings, body())
    sealer = sealing.new_sealer(settings)
    sealer.step(flush=True)  # seals, and would checkpoint at the next flush
    assert rotate(settings).statements[0].size == 2
    works(settings)


def test_what_is_not_sealed_yet_is_sealed_under_the_new_key(settings):
    decided(settings, body(), body())
    rotate(settings)
    works(settings)


# ---- Crashes


def crash_at(monkeypatch, name, module=keys, *, after=False):
    real = getattr(module, name)

    def crash(*arguments, **options):
        if after:
            real(*arguments, **options)
        raise Crash

    monkeypatch.setattr(module, name, crash)


class Dying:
    """A store at whose statement the process dies, or the answer is lost."""

    def __init__(self, store, error, *, landed):
        self._store, self._error, self._landed = store, error, landed

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, data, *, retain_until):
        if not key.startswith("log/keys/"):
            self._store.put(key, data, retain_until=retain_until)
            return
        if self._landed:
            self._store.put(key, data, retain_until=retain_until)
        raise self._error


CRASHES = {
    "before the new key is made": ("make_next_log_key", False, False),
    "when the new key is made": ("make_next_log_key", True, False),
    "before the files are swapped": ("adopt_next_log_key", False, True),
    "between the two files": ("_replace_log_key", False, True),
    "when all is done": ("adopt_next_log_key", True, True),
}


@pytest.mark.parametrize(("step", "after", "in_force"), CRASHES.values(), ids=CRASHES)
def test_a_second_try_finishes_after_a_crash(settings, monkeypatch, step, after, in_force):
    with monkeypatch.context() as patched:
        crash_at(patched, step, after=after)
        with pytest.raises(Crash):
            rotate(settings)
    if step != "_replace_log_key":
        assert len(history(settings).statements) == in_force
    if after and in_force:
        works(settings)
        return
    rotate(settings)
    assert len(works(settings).statements) == 1
    assert not (settings.keys / "log.key.next").exists()


def test_the_next_start_finishes_where_only_a_file_is_left_to_rename(settings, monkeypatch):
    with monkeypatch.context() as patched:
        crash_at(patched, "_replace_log_key")
        with pytest.raises(Crash):
            rotate(settings)
    with pytest.raises(KeyFileError, match="beside it"):
        keys.load(settings.keys)
    works(settings)


@pytest.mark.parametrize("landed", [True, False], ids=["and it landed", "and it did not"])
@pytest.mark.parametrize("error", [Crash(), StoreError("no answer")], ids=["a crash", "no answer"])
def test_a_statement_of_unknown_outcome_is_settled_by_a_second_try(settings, error, landed):
    with pytest.raises(type(error)):
        rotate(settings, store=Dying(open_store(settings.store), error, landed=landed))
    assert len(history(settings).statements) == landed
    rotate(settings)
    assert len(works(settings).statements) == 1


def test_until_the_statement_is_there_the_node_goes_on_with_the_old_key(settings):
    with pytest.raises(Crash):
        rotate(settings, store=Dying(open_store(settings.store), Crash(), landed=False))
    before = pinned(settings)
    keys.ensure(settings.keys, settings.origin)
    decided(settings, body())
    sealed(settings)
    assert history(settings).keys == (before,)
    assert rotate(settings).statements[0].size > 1
    works(settings)


def test_once_it_is_there_the_old_key_seals_nothing_and_the_node_says_what_to_do(
    settings, tmp_path, monkeypatch, caplog
):
    with pytest.raises(Crash):
        rotate(settings, store=Dying(open_store(settings.store), Crash(), landed=True))
    objects = list(open_store(settings.store).keys())
    decided(settings, body())
    with pytest.raises(RetiredKeyError, match="omega keys rotate"):
        sealed(settings)
    use(monkeypatch, node_environment(tmp_path))
    monkeypatch.setattr(sealing, "end_with_parent", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["sealing", "1"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with caplog.at_level(logging.ERROR):
            assert sealing.main() == HOPELESS
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "omega keys rotate" in caplog.text
    assert list(open_store(settings.store).keys()) == objects


def test_a_statement_that_landed_late_is_ours(settings, monkeypatch):
    real = rotation.key_history.rotate

    def late(*arguments, **options):
        key, data = real(*arguments, **options)
        open_store(settings.store).put(key, data, retain_until=utc_now())
        return key, data.replace(b'"v":1', b'"v":2')

    monkeypatch.setattr(rotation.key_history, "rotate", late)
    assert rotate(settings).newest == pinned(settings)


def test_a_statement_by_somebody_else_is_an_alarm(settings, monkeypatch):
    thief = keys.load(settings.keys).log
    real = rotation.key_history.rotate

    def faster(old, new, **options):
        other = SigningKey(origin=thief.origin, private_key=Ed25519PrivateKey.generate())
        open_store(settings.store).put(*real(old, other, **options), retain_until=utc_now())
        return real(old, new, **options)

    monkeypatch.setattr(rotation.key_history, "rotate", faster)
    with pytest.raises(RotationError, match="treat the old key as compromised"):
        rotate(settings)
    with pytest.raises(RotationError, match=r"copy `log\.key`"):
        rotate(settings)
    assert thief.verifier == pinned(settings)


def test_a_leftover_that_never_came_into_force_is_no_key_after_a_theft(settings):
    keys.make_next_log_key(settings.keys)
    with pytest.raises(RotationError, match="remove it"):
        rotate(settings, Reason.COMPROMISED)
    (settings.keys / "log.key.next").unlink()
    rotate(settings, Reason.COMPROMISED)
    works(settings)


def test_a_leftover_serves_the_next_ordinary_rotation(settings):
    made = keys.make_next_log_key(settings.keys).verifier
    rotate(settings)
    assert pinned(settings) == made


def test_a_log_that_does_not_hold_keeps_its_key(settings):
    store = open_store(settings.store)
    store.put(statement_key(1), b"x", retain_until=utc_now())
    with pytest.raises(FindingError, match="malformed-statement"):
        rotate(settings)
    assert not (settings.keys / "log.key.next").exists()


@pytest.mark.parametrize("step", ["make_next_log_key", "adopt_next_log_key", "finish_rotation"])
def test_a_disk_that_takes_no_key_is_one_line(settings, monkeypatch, step):
    if step != "make_next_log_key":
        following = keys.make_next_log_key(settings.keys)
    if step == "finish_rotation":
        (settings.keys / "log.vkey").write_text(str(following.verifier))

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys, "_sync_directory", full)
    with pytest.raises(KeyFileError, match="No space left on device"):
        getattr(keys, step)(settings.keys)
