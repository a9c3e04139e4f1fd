"""The directory store when the disk fails or its writer is killed: all or nothing, and a retry settles it."""

import errno
import fcntl
import os
import resource
import signal
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from evidence.errors import AlreadyWrittenError, StoreError
from evidence.stores import folders
from evidence.stores.local import LocalStore

UNTIL = datetime.now(UTC) + timedelta(days=1)
KEY = "chains/c/seals/0.note"
STEPS = ["mkdir", "open", "write", "fchmod", "fsync", "rename", "link", "unlink", "close"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


def scratch(folder):
    return list((folder / ".scratch").iterdir())


def in_a_process_of_its_own(task):
    """Run `task` in a fork; return the number of the signal that ended it, or None if it returned true."""
    child = os.fork()
    if child == 0:
        done = False
        try:
            done = task()
        finally:
            os._exit(0 if done else 1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return None


# Each row: the call that fails (name, how many of that name succeed before) with which error, and whether the
# bytes have landed.
FAULTS = {
    "scratch cannot be opened": ("open", 1, errno.EIO, False),
    "no room for a folder": ("mkdir", 1, errno.ENOSPC, False),
    "no draft of the date": ("open", 21, errno.EIO, False),
    "no room for the date": ("write", 0, errno.ENOSPC, False),
    "date does not reach the disk": ("fsync", 0, errno.EIO, False),
    "date cannot be put in its place": ("rename", 0, errno.ENOSPC, False),
    "place of the date does not reach the disk": ("fsync", 1, errno.EIO, False),
    "no draft": ("open", 22, errno.EIO, False),
    "no room for the bytes": ("write", 7, errno.ENOSPC, False),
    "no room for the second half": ("write", 8, errno.ENOSPC, False),
    "mode cannot be set": ("fchmod", 1, errno.EIO, False),
    "bytes do not reach the disk": ("fsync", 6, errno.EIO, False),
    "closing the draft fails": ("close", 14, errno.EIO, False),
    "no room for the name": ("link", 0, errno.ENOSPC, False),
    "object cannot be opened again": ("open", 23, errno.EIO, True),
    "link does not reach the disk": ("fsync", 7, errno.EIO, True),
    "folder does not reach the disk": ("fsync", 8, errno.EIO, True),
    "root does not reach the disk": ("fsync", 11, errno.EIO, True),
    "date cannot be read again": ("open", 24, errno.EIO, True),
}


def failing(name, good, code):
    """Return the function `name` of `os`, except that call `good + 1` fails; writes come in pieces."""
    real, calls = getattr(os, name), []

    def call(*args, **kwargs):
        calls.append(name)
        if len(calls) == good + 1:
            if name == "close":
                real(*args)  # a descriptor is gone also where closing it fails
            raise OSError(code, os.strerror(code))
        return real(*(args[0], args[1][:5]), **kwargs) if name == "write" else real(*args, **kwargs)

    return call


@pytest.mark.parametrize("retry", [b"same bytes", b"other"], ids=["retry same", "retry other"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_failing_disk_leaves_all_or_nothing_and_a_retry_settles_it(folder, monkeypatch, fault, retry):
    store = LocalStore(folder)
    name, good, code, landed = fault
    with monkeypatch.context() as patched:
        patched.setattr(os, name, failing(name, good, code))
        with pytest.raises(StoreError, match=os.strerror(code)) as caught:
            store.put(KEY, b"same bytes", retain_until=UNTIL)
    assert type(caught.value) is StoreError
    assert list(store.keys()) == [KEY] * landed
    assert scratch(folder) == []
    if landed and retry != b"same bytes":
        with pytest.raises(AlreadyWrittenError):
            store.put(KEY, retry, retain_until=UNTIL)
        assert store.get(KEY) == b"same bytes"
    else:
        store.put(KEY, retry, retain_until=UNTIL)
        assert store.get(KEY) == retry


def test_a_draft_that_cannot_be_removed_does_no_harm(folder, monkeypatch):
    store = LocalStore(folder)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", lambda *_, **__: os.close(-1))
        store.put(KEY, b"x", retain_until=UNTIL)
    assert len(scratch(folder)) == 1
    assert list(LocalStore(folder).keys()) == [KEY]
    assert scratch(folder) == []


def test_a_disk_that_takes_half_the_bytes_leaves_nothing(folder):
    store = LocalStore(folder)

    def put():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            store.put(KEY, b"x" * 10_000, retain_until=UNTIL)
        except StoreError as error:
            return "File too large" in str(error)

    assert in_a_process_of_its_own(put) is None
    assert list(store.keys()) == []
    assert scratch(folder) == []


def put_and_die(folder, step):
    """Put an object, and be killed before call `step` to the operating system, counted from 0."""
    write = os.write

    def counting(real):
        def call(*args, **kwargs):
            nonlocal step
            step -= 1
            if step < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*(args[0], args[1][:10]), **kwargs) if real is write else real(*args, **kwargs)

        return call

    store = LocalStore(folder)
    for name in STEPS:
        setattr(os, name, counting(getattr(os, name)))
    store.put(KEY, b"a seal in two pieces", retain_until=UNTIL)
    return True


def test_a_writer_killed_at_any_step_leaves_all_or_nothing(tmp_path):
    outcomes = []
    for step in range(200):
        folder = tmp_path / str(step)
        if in_a_process_of_its_own(partial(put_and_die, folder, step)) is None:
            break
        store = LocalStore(folder)
        outcomes.append(list(store.keys()))
        assert scratch(folder) == []
        store.put(KEY, b"a seal in two pieces", retain_until=UNTIL)
        assert store.get(KEY) == b"a seal in two pieces"
    nothing, everything = outcomes.count([]), outcomes.count([KEY])
    assert outcomes == [[]] * nothing + [[KEY]] * everything
    assert nothing > 10
    assert everything > 5


def test_a_process_that_was_stopped_with_the_lock_of_the_store_hangs_nobody(folder, monkeypatch):
    monkeypatch.setattr(folders, "_PATIENCE", 0.02)
    store = LocalStore(folder)
    held = os.open(folder / ".scratch", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match="another process holds the lock of the store"):
        store.put(KEY, b"x", retain_until=UNTIL)
    fcntl.flock(held, fcntl.LOCK_UN)
    store.put(KEY, b"x", retain_until=UNTIL)
    os.close(held)
