"""Deletable objects: one contract, a directory and S3."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import objects
from app.objects import DirectoryObjects, ObjectGoneError, ObjectsError, check_key, check_prefix, open_objects
from evidence.store import S3Options

KEY = "request/psn_00112233445566778899aabbccddeeff/00ff"


@pytest.fixture(params=["directory", pytest.param("s3", marks=pytest.mark.slow)])
def place(request, tmp_path):
    if request.param == "directory":
        return open_objects(str(tmp_path / "some" / "objects"))
    server = request.getfixturevalue("s3_server")
    prefix = request.getfixturevalue("s3_prefix")
    return open_objects(f"s3://{server.bucket}/{prefix}", s3=server.options)


def keys(place, prefix=""):
    return sorted(each.key for each in place.list(prefix))


def test_what_was_put_is_got(place):
    place.put(KEY, b"\0bytes")
    assert place.get(KEY) == b"\0bytes"
    assert keys(place) == [KEY]


def test_the_same_again_does_no_harm_and_something_else_is_refused(place):
    place.put(KEY, b"one")
    place.put(KEY, b"one")
    with pytest.raises(ObjectsError, match="something else"):
        place.put(KEY, b"two")
    assert place.get(KEY) == b"one"


def test_what_was_deleted_is_gone(place):
    place.put(KEY, b"one")
    assert place.delete(KEY) is True
    assert place.delete(KEY) is False
    with pytest.raises(ObjectGoneError):
        place.get(KEY)
    assert keys(place) == []


def test_a_listing_shows_what_stands_below_a_prefix_and_when_it_was_written(place):
    for key in ("a/1/x", "a/1/y", "a/2/x", "b/1/x"):
        place.put(key, b"x")
    assert keys(place, "a/1/") == ["a/1/x", "a/1/y"]
    assert keys(place, "c/") == []
    (found,) = place.list("b/1/")
    assert abs(found.modified - datetime.now(UTC)) < timedelta(hours=1)


def test_more_than_the_limit_is_refused(place):
    place.put(KEY, b"12345")
    assert place.get(KEY, limit=5) == b"12345"
    with pytest.raises(ObjectsError, match="more than 4 bytes"):
        place.get(KEY, limit=4)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "A", "a/.b", "a\n", "x" * 300])
def test_what_is_no_key_is_refused(place, key):
    for use in (lambda: place.put(key, b""), lambda: place.get(key), lambda: place.delete(key)):
        with pytest.raises(ObjectsError, match="no key"):
            use()


@given(st.text(max_size=20))
def test_a_key_or_a_prefix_is_taken_or_refused_with_one_error(text):
    for check in (check_key, check_prefix):
        try:
            assert check(text) == text
        except ObjectsError:
            continue
        assert ".." not in text


@pytest.mark.parametrize("prefix", ["a", "/", "../", "a//"])
def test_what_is_no_prefix_is_refused(place, prefix):
    with pytest.raises(ObjectsError, match="no prefix"):
        list(place.list(prefix))


def test_nothing_that_never_ended_is_left_on_s3_or_here(place):
    place.put(KEY, b"x")
    assert place.tidy(datetime.now(UTC) + timedelta(days=1)) == 0


def test_a_draft_that_a_crash_left_is_tidied_once_it_is_old(tmp_path):
    place = DirectoryObjects(tmp_path)
    place.put(KEY, b"x")
    draft = tmp_path / ".drafts" / "0123"
    draft.write_bytes(b"half")
    written = draft.stat().st_mtime
    assert keys(place) == [KEY]
    assert place.tidy(datetime.fromtimestamp(written - 1, UTC)) == 0
    assert place.tidy(datetime.fromtimestamp(written + 1, UTC)) == 1
    assert not draft.exists()


def test_a_directory_is_closed_to_others(tmp_path):
    place = DirectoryObjects(tmp_path / "objects")
    place.put(KEY, b"x")
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*") if path.is_dir()} == {"0o700"}
    assert (tmp_path / "objects" / KEY).stat().st_mode & 0o777 == 0o600


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    place = DirectoryObjects(tmp_path)
    monkeypatch.setattr(objects.os, "fsync", full)
    with pytest.raises(ObjectsError, match="No space left"):
        place.put("a", b"x")
    monkeypatch.undo()
    assert keys(place) == []
    assert list((tmp_path / ".drafts").iterdir()) == []


def test_what_is_put_is_synced_before_its_name_and_the_name_before_the_answer(tmp_path, monkeypatch):
    place = DirectoryObjects(tmp_path)
    place.put("a/first", b"")
    synced = []
    fsync = os.fsync

    def noted(descriptor):
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(str(tmp_path)))
        fsync(descriptor)

    monkeypatch.setattr(objects.os, "fsync", noted)
    place.put("a/second", b"x")
    assert [name.rpartition("/")[0] or name for name in synced] == ["/.drafts", "/a"]


@pytest.mark.parametrize("url", ["", "http://example.org/", "s3://", "s3://bucket?x=1", "file://elsewhere/x"])
def test_what_names_no_place_is_refused(url):
    with pytest.raises(ObjectsError, match="is no place"):
        open_objects(url)


def test_a_file_url_is_a_directory(tmp_path):
    place = open_objects(f"file://{tmp_path}")
    place.put(KEY, b"x")
    assert (tmp_path / KEY).read_bytes() == b"x"


def test_s3_that_is_not_there_is_one_error():
    options = S3Options(endpoint="http://127.0.0.1:9", region="us-east-1", credentials=("a", "b"), attempts=1)
    place = open_objects("s3://bucket/prefix", s3=options)
    for use in (
        lambda: place.put("a", b""),
        lambda: place.get("a"),
        lambda: place.delete("a"),
        lambda: [*place.list()],
    ):
        with pytest.raises(ObjectsError, match="cannot be reached"):
            use()
    with pytest.raises(ObjectsError, match="no S3 client"):
        open_objects("s3://bucket", s3=S3Options(endpoint="no url", region="x"))


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_refused(s3_server):
    place = open_objects("s3://nosuchbucket/x", s3=s3_server.options)
    with pytest.raises(ObjectsError):
        place.put("a", b"")


@pytest.mark.slow
def test_a_versioned_bucket_forgets_every_version(s3_server, s3_prefix):
    place = open_objects(f"s3://{s3_server.bucket}/{s3_prefix}", s3=s3_server.options)
    place.put(KEY, b"old")
    where = {"Bucket": s3_server.bucket, "Key": f"{s3_prefix}/{KEY}"}
    place._client.put_object(**where, Body=b"new")
    place._client.delete_object(**where)
    assert keys(place) == [KEY]
    assert place.delete(KEY) is True
    found = place._client.list_object_versions(Bucket=where["Bucket"], Prefix=where["Key"])
    assert (found.get("Versions"), found.get("DeleteMarkers")) == (None, None)
    assert keys(place) == []


@pytest.mark.slow
def test_an_object_under_a_lock_is_reported_and_not_said_to_be_deleted(s3_server, s3_prefix):
    place = open_objects(f"s3://{s3_server.bucket}/{s3_prefix}", s3=s3_server.options)
    place._client.put_object(
        Bucket=s3_server.bucket,
        Key=f"{s3_prefix}/{KEY}",
        Body=b"x",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=1),
    )
    with pytest.raises(ObjectsError):
        place.delete(KEY)


def test_what_s3_says_it_deleted_and_still_lists_is_reported():
    class Client:
        def get_paginator(self, _):
            return self

        def paginate(self, **_):
            return [{"Versions": [{"Key": "p/a", "VersionId": "1"}]}]

        def delete_object(self, **_):
            pass

    place = open_objects(
        "s3://bucket/p", s3=S3Options(endpoint="http://127.0.0.1:9", region="x", credentials=("a", "b"))
    )
    place._client = Client()
    with pytest.raises(ObjectsError, match="still there"):
        place.delete("a")
