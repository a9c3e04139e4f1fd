"""The S3 store against a service in memory: what it makes of answers that the real one does not give here."""

from datetime import UTC, datetime, timedelta

import pytest

from evidence.errors import NotFoundError, RetainedError, ShadowedObjectError, StoreError
from tests.evidence.fake_s3 import FakeS3, Version, fake_store, refusal

NOW = datetime(2026, 11, 22, 10, 46, 23, tzinfo=UTC)
UNTIL = NOW + timedelta(days=1)


@pytest.fixture
def service():
    return FakeS3(now=NOW)


@pytest.fixture
def store(service, monkeypatch):
    return fake_store(service, monkeypatch)


def test_a_marker_that_is_listed_itself_is_left_out(service, store, monkeypatch):
    for key in ("a/1", "a/2"):
        store.put(key, b"", retain_until=UNTIL)
    listing = service.list_object_versions
    monkeypatch.setattr(service, "list_object_versions", lambda *, Prefix, **_: listing(Prefix=Prefix))  # noqa: N803
    assert list(store.keys("a/", "a/1")) == ["a/2"]


def test_versions_that_go_on_over_the_end_of_a_page_are_one_key(service, store, monkeypatch):
    pages = [
        {"Versions": [{"Key": "log/a", "VersionId": "1"}, {"Key": "log/b", "VersionId": "3"}]},
        {"Versions": [{"Key": "log/b", "VersionId": "2"}], "DeleteMarkers": [{"Key": "log/c", "VersionId": "4"}]},
        {},
    ]
    monkeypatch.setattr(store, "_pages", lambda *_: iter(pages))
    service.objects["log/b"] = [Version(id="3", body=b"evil"), Version(id="2", body=b"")]
    service.objects["log/c"] = [Version(id="4", body=b"", marker=True)]
    seen = []
    for key in store.keys(""):
        seen.append(key)
        if key != "a":
            with pytest.raises(ShadowedObjectError):
                store.get(key)
    assert seen == ["a", "b", "c"]


def test_a_hold_that_is_not_taken_is_no_hold(service, store, monkeypatch):
    store.put("k", b"", retain_until=UNTIL)
    monkeypatch.setattr(service, "put_object_legal_hold", lambda **_: None)
    with pytest.raises(StoreError, match="was to be on, and is not"):
        store.hold("k", on=True)


@pytest.mark.parametrize("answer", [{}, {"LegalHold": {}}, {"LegalHold": {"Status": "OFF"}}], ids=repr)
def test_a_hold_that_is_not_named_is_none(service, store, monkeypatch, answer):
    store.put("k", b"", retain_until=UNTIL)
    monkeypatch.setattr(service, "get_object_legal_hold", lambda **_: answer)
    assert not store.held("k")


def test_a_hold_that_may_not_be_seen_is_not_denied(service, store, monkeypatch):
    store.put("k", b"", retain_until=UNTIL)

    def fail(**_):
        raise refusal("AccessDenied")

    monkeypatch.setattr(service, "get_object_legal_hold", fail)
    with pytest.raises(RetainedError):
        store.expire("k", NOW)  # its date says enough
    for call in (lambda: store.held("k"), lambda: store.expire("k", UNTIL)):
        with pytest.raises(StoreError, match="AccessDenied"):
            call()
    assert store.get("k") == b""


@pytest.mark.parametrize("change", [{"mode": None}, {"mode": "GOVERNANCE"}, {"until": None}])
def test_what_has_no_lock_of_ours_has_no_date_and_does_not_expire(service, store, change):
    store.put("k", b"", retain_until=UNTIL)
    for name, value in change.items():
        setattr(service.objects["log/k"][0], name, value)
    assert store.retained("k") is None
    with pytest.raises(RetainedError, match="no date is known"):
        store.expire("k", UNTIL)
    with pytest.raises(RetainedError, match="no date is known"):
        store.retain("k", UNTIL)


def test_what_is_shadowed_does_not_expire(service, store):
    store.put("k", b"", retain_until=UNTIL)
    service.objects["log/k"].insert(0, Version(id="9", body=b"evil"))
    with pytest.raises(ShadowedObjectError):
        store.expire("k", UNTIL)
    assert len(service.objects["log/k"]) == 2


def test_a_date_that_is_not_taken_is_no_success(service, store, monkeypatch):
    store.put("k", b"", retain_until=UNTIL)
    monkeypatch.setattr(service, "put_object_retention", lambda **_: None)
    with pytest.raises(StoreError, match="is not locked until"):
        store.retain("k", UNTIL + timedelta(days=1))


def test_a_version_that_went_away_is_not_found(service, store):
    store.put("k", b"", retain_until=UNTIL)
    del service.objects["log/k"]
    for call in (store.get, store.retained, store.held):
        with pytest.raises(NotFoundError, match="k"):
            call("k")
