"""The directory store: what is on disk, in which order it got there, and what is refused."""

import errno
import fcntl
import os
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.errors import AlreadyWrittenError, NotFoundError, RetainedError, StoreError
from evidence.stores import immutable
from evidence.stores.local import LocalStore
from tests.evidence.unlocked import unlocked

UNTIL = datetime.now(UTC) + timedelta(days=1)
KEY = "chains/c/seals/0.note"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def scratch(folder):
    return list((folder / ".scratch").iterdir())


def test_objects_are_read_only_files_in_folders_of_their_owner(folder):
    LocalStore(folder).put(KEY, b"x", retain_until=UNTIL)
    assert mode(folder / KEY) == 0o444
    assert (folder / KEY).stat().st_nlink == 1
    assert {mode(each) for each in [folder, *folder.rglob("*")] if each.is_dir()} == {0o700}
    assert scratch(folder) == []


def test_the_folders_above_a_new_store_are_created(tmp_path):
    LocalStore(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c" / ".scratch").is_dir()


def test_everything_is_durable_when_put_returns_and_date_and_bytes_before_the_name(folder, monkeypatch):
    events = []
    fsync, link = os.fsync, os.link

    def path_of(descriptor):
        return Path(f"/proc/self/fd/{descriptor}").readlink()

    monkeypatch.setattr(os, "fsync", lambda file: (events.append(path_of(file)), fsync(file)))
    monkeypatch.setattr(os, "link", lambda *a, **k: (events.append("link"), link(*a, **k)))
    store = LocalStore(folder)
    date = list((folder / ".retention" / KEY).parents)[:5]
    for before in (date, []):  # at a retry the date stands
        events.clear()
        store.put(KEY, b"x", retain_until=UNTIL)
        linked = events.index("link")
        drafts = [path for path in events[:linked] if path.parent == folder / ".scratch"]
        assert len(drafts) == 1 + bool(before)
        assert [path for path in events[:linked] if path not in drafts] == before
        assert set(events[linked + 1 :]) == {folder / KEY, *list((folder / KEY).parents)[:4]}


def test_a_new_store_is_durable_in_the_folder_above(folder, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink()))
    LocalStore(folder)
    assert folder.parent in synced


def test_leftovers_of_dead_writers_are_removed_at_open(folder):
    LocalStore(folder).put(KEY, b"x", retain_until=UNTIL)
    (folder / ".scratch" / "0a").write_bytes(b"hal")
    os.link(folder / KEY, folder / ".scratch" / "0b")
    (folder / ".scratch" / "a folder").mkdir()
    store = LocalStore(folder)
    assert [each.name for each in scratch(folder)] == ["a folder"]
    assert list(store.keys()) == [KEY]
    assert store.get(KEY) == b"x"


def test_the_draft_of_a_living_writer_is_left_alone(folder, monkeypatch):
    store, link = LocalStore(folder), os.link

    def link_while_another_opens_the_store(*args, **kwargs):
        LocalStore(folder)
        link(*args, **kwargs)

    monkeypatch.setattr(os, "link", link_while_another_opens_the_store)
    store.put(KEY, b"x", retain_until=UNTIL)
    assert store.get(KEY) == b"x"


def test_reading_only_touches_nothing(folder):
    with pytest.raises(StoreError, match="is no directory"):
        LocalStore(folder, read_only=True)
    assert not folder.exists()
    LocalStore(folder).put(KEY, b"x", retain_until=UNTIL)
    (folder / ".scratch" / "leftover").touch()
    store = LocalStore(folder, read_only=True, immutable=True)
    assert store.get(KEY) == b"x"
    assert list(store.keys()) == [KEY]
    assert store.retained(KEY) == UNTIL
    assert not store.held(KEY)
    for call in (
        lambda: store.put(KEY, b"x", retain_until=UNTIL),
        lambda: store.retain(KEY, UNTIL),
        lambda: store.hold(KEY, on=True),
        lambda: store.expire(KEY, UNTIL),
    ):
        with pytest.raises(StoreError, match="reading only"):
            call()
    assert len(scratch(folder)) == 1


def test_a_store_that_went_away_does_not_say_not_found(folder):
    store = LocalStore(folder)
    folder.rename(folder.with_name("elsewhere"))
    for call in (
        lambda: store.get(KEY),
        lambda: list(store.keys()),
        lambda: store.put(KEY, b"", retain_until=UNTIL),
    ):
        with pytest.raises(StoreError, match="is no directory") as caught:
            call()
        assert not isinstance(caught.value, NotFoundError)


def test_a_file_is_no_store(folder):
    folder.write_bytes(b"")
    with pytest.raises(StoreError):
        LocalStore(folder)


def test_the_store_itself_may_be_reached_by_a_symbolic_link(folder):
    folder.mkdir()
    folder.with_name("link").symlink_to(folder)
    LocalStore(folder.with_name("link")).put(KEY, b"x", retain_until=UNTIL)
    assert (folder / KEY).read_bytes() == b"x"


def link_to_file(folder):
    (folder / "real").write_bytes(b"x")
    (folder / "k").symlink_to(folder / "real")
    return "k"


def link_to_folder(folder):
    (folder / "real").mkdir()
    (folder / "real" / "k").write_bytes(b"x")
    (folder / "f").symlink_to(folder / "real")
    return "f/k"


def dangling_link(folder):
    (folder / "k").symlink_to(folder / "nowhere")
    return "k"


def pipe(folder):
    os.mkfifo(folder / "k")
    return "k"


def folder_at_key(folder):
    (folder / "k").mkdir()
    return "k"


def file_as_folder(folder):
    (folder / "f").write_bytes(b"x")
    return "f/k"


@pytest.mark.parametrize(
    "place",
    [link_to_file, link_to_folder, dangling_link, pipe, folder_at_key, file_as_folder],
    ids=lambda f: f.__name__,
)
def test_only_files_in_folders_are_objects(folder, place):
    store = LocalStore(folder)
    key = place(folder)
    with pytest.raises(StoreError) as caught:
        store.get(key)
    assert not isinstance(caught.value, NotFoundError)
    with pytest.raises(StoreError) as caught:
        store.put(key, b"x", retain_until=UNTIL)
    assert not isinstance(caught.value, AlreadyWrittenError)
    assert not (folder / "nowhere").exists()


def test_keys_show_also_what_does_not_belong(folder):
    store = LocalStore(folder)
    (folder / "A b").touch()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x").touch()
    (folder / "link").symlink_to("nowhere")
    (folder / "link to a folder").symlink_to(".hidden")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch()
    assert list(store.keys()) == ["A b", "link", "link to a folder", "\\xff"]


@pytest.fixture
def immutable_folder():
    with tempfile.TemporaryDirectory() as name, unlocked(Path(name) / "store") as folder:
        yield folder


def test_an_immutable_object_cannot_be_changed_or_removed_by_root(immutable_folder):
    store = LocalStore(immutable_folder, immutable=True)
    store.put(KEY, b"x", retain_until=UNTIL)
    store.put(KEY, b"x", retain_until=UNTIL)
    path = immutable_folder / KEY
    for change in (path.unlink, lambda: path.chmod(0o600), lambda: path.write_bytes(b"y"), lambda: path.rename("y")):
        with pytest.raises(PermissionError):
            change()
    assert store.get(KEY) == b"x"
    assert scratch(immutable_folder) == []


def test_an_immutable_object_expires_all_the_same(immutable_folder):
    store = LocalStore(immutable_folder, immutable=True)
    store.put(KEY, b"x", retain_until=UNTIL)
    store.hold(KEY, on=True)
    store.hold(KEY, on=False)
    with pytest.raises(StoreError, match="not permitted"):
        LocalStore(immutable_folder).expire(KEY, UNTIL)
    store.expire(KEY, UNTIL)
    assert list(store.keys()) == []


@pytest.mark.parametrize(
    "text", [b"", b"soon", b"\xff", b"2026-11-22T10:46:23", b"2026-11-22T10:46:23+00:00" * 9], ids=repr
)
def test_a_date_that_is_none_keeps_its_object(folder, text):
    store = LocalStore(folder)
    store.put(KEY, b"x", retain_until=UNTIL)
    date = folder / ".retention" / KEY
    date.chmod(0o600)
    date.write_bytes(text)
    for call in (
        lambda: store.retained(KEY),
        lambda: store.retain(KEY, UNTIL),
        lambda: store.expire(KEY, UNTIL),
        lambda: store.put(KEY, b"x", retain_until=UNTIL),
    ):
        with pytest.raises(StoreError, match=r"the date of .* is damaged"):
            call()
    assert store.get(KEY) == b"x"


def test_what_has_no_date_is_kept_for_good(folder):
    store = LocalStore(folder)
    store.put(KEY, b"x", retain_until=UNTIL)
    (folder / ".retention" / KEY).unlink()
    assert store.retained(KEY) is None
    for call in (lambda: store.retain(KEY, UNTIL), lambda: store.expire(KEY, UNTIL)):
        with pytest.raises(RetainedError, match="no date is known"):
            call()
    assert store.get(KEY) == b"x"


def test_a_store_expires_nothing_while_it_is_written_to(folder):
    store = LocalStore(folder)
    store.put(KEY, b"x", retain_until=UNTIL)
    with ThreadPoolExecutor(1) as pool:
        with store._changing("another", fcntl.LOCK_SH):
            waiting = pool.submit(store.expire, KEY, UNTIL)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.1)
        waiting.result()
    assert list(store.keys()) == []


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_file_system_without_the_flag_is_refused_at_open(folder, monkeypatch, call):
    calls = []

    def ioctl(*_):
        calls.append(1)
        if len(calls) == call:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    monkeypatch.setattr(immutable.fcntl, "ioctl", ioctl)
    with pytest.raises(StoreError, match="Inappropriate ioctl"):
        LocalStore(folder, immutable=True)
    assert scratch(folder) == []
