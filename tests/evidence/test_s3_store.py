"""The S3 store on a real server: locks, shadows, versions, access."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from evidence.errors import NotFoundError, ShadowedObjectError, StoreError
from evidence.store import S3Options
from evidence.stores import s3, versions
from evidence.stores.s3 import S3Store, ensure_bucket

pytestmark = pytest.mark.slow

UNTIL = datetime.now(UTC) + timedelta(days=1)
KEY = "chains/c/seals/0.note"


@pytest.fixture
def raw(s3_server, s3_prefix):
    """The client of somebody who has the rights to do anything, and the place of our object."""
    client = s3.connect(s3_server.options)
    return client, {"Bucket": s3_server.bucket, "Key": f"{s3_prefix}/{KEY}"}


def head(raw, version=None):
    client, place = raw
    return client.head_object(**place, **({"VersionId": version} if version else {}))


def requests_of(store):
    """A list that fills with the names of the requests that `store` sends."""
    sent = []
    events = store._client.meta.events
    events.register("before-send.s3", lambda event_name, **_: sent.append(event_name.rpartition(".")[2]))
    return sent


# Locks


@pytest.mark.parametrize("fraction", [0, 1, 999_999], ids=["whole second", "just after", "just before the next"])
def test_an_object_is_locked_in_compliance_mode_at_least_until_the_date(s3_store, raw, fraction):
    until = UNTIL.replace(microsecond=fraction)
    s3_store.put(KEY, b"x", retain_until=until)
    found = head(raw)
    assert found["ObjectLockMode"] == "COMPLIANCE"
    assert timedelta() <= found["ObjectLockRetainUntilDate"] - until < timedelta(seconds=1)


def delete_version(client, place, version):
    client.delete_object(**place, VersionId=version)


def delete_with_bypass(client, place, version):
    client.delete_object(**place, VersionId=version, BypassGovernanceRetention=True)


def shorten(client, place, version):
    retention = {"Mode": "COMPLIANCE", "RetainUntilDate": UNTIL - timedelta(hours=1)}
    client.put_object_retention(**place, VersionId=version, Retention=retention)


def weaken(client, place, version):
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": UNTIL + timedelta(hours=1)}
    client.put_object_retention(**place, VersionId=version, Retention=retention, BypassGovernanceRetention=True)


@pytest.mark.parametrize("attack", [delete_version, delete_with_bypass, shorten, weaken], ids=lambda f: f.__name__)
def test_the_lock_holds_against_an_administrator(s3_store, raw, attack):
    s3_store.put(KEY, b"x", retain_until=UNTIL)
    before = head(raw)
    with pytest.raises(ClientError) as refused:
        attack(*raw, before["VersionId"])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
    assert head(raw)["ObjectLockRetainUntilDate"] == before["ObjectLockRetainUntilDate"]
    assert s3_store.get(KEY) == b"x"


def test_writing_again_prolongs_the_lock_and_never_shortens_it(reopen_s3, raw):
    dates = []
    for days in (2, 3, 1):
        reopen_s3().put(KEY, b"x", retain_until=UNTIL.replace(microsecond=0) + timedelta(days=days))
        dates.append(head(raw)["ObjectLockRetainUntilDate"] - UNTIL.replace(microsecond=0))
    assert dates == [timedelta(days=2), timedelta(days=3), timedelta(days=3)]


def test_our_bytes_put_there_by_somebody_without_a_lock_get_one(s3_store, raw):
    client, place = raw
    client.put_object(**place, Body=b"x")
    s3_store.put(KEY, b"x", retain_until=UNTIL)
    assert head(raw)["ObjectLockMode"] == "COMPLIANCE"


# Shadows


def write_a_second_version(client, place):
    client.put_object(**place, Body=b"evil")


def delete(client, place):
    client.delete_object(**place)


def delete_and_write(client, place):
    client.delete_object(**place)
    client.put_object(**place, Body=b"evil")


@pytest.mark.parametrize("shadow", [write_a_second_version, delete, delete_and_write], ids=lambda f: f.__name__)
def test_an_object_with_a_second_version_or_a_delete_marker_is_refused(s3_store, reopen_s3, raw, shadow):
    s3_store.put("a", b"1", retain_until=UNTIL)
    s3_store.put(KEY, b"x", retain_until=UNTIL)
    shadow(*raw)
    with pytest.raises(ShadowedObjectError, match=KEY) as caught:
        reopen_s3().get(KEY)
    assert caught.value.key == KEY
    assert s3_store.get(KEY) == b"x"  # whoever wrote the version still reads what was locked
    assert list(s3_store.keys()) == ["a", KEY]
    for store in (s3_store, reopen_s3()):
        with pytest.raises(ShadowedObjectError, match=KEY):
            store.get(KEY)  # also whoever has seen in a listing that it is not the only one


def test_writing_the_same_bytes_to_a_shadowed_key_does_not_hide_the_shadow(reopen_s3, raw):
    reopen_s3().put(KEY, b"x", retain_until=UNTIL)
    write_a_second_version(*raw)
    with pytest.raises(ShadowedObjectError):
        reopen_s3().put(KEY, b"x", retain_until=UNTIL)


def test_the_key_of_another_object_that_begins_the_same_is_no_shadow(reopen_s3):
    for key in ("k", "k2", "k-3"):
        reopen_s3().put(key, key.encode(), retain_until=UNTIL)
    assert reopen_s3().get("k") == b"k"


# Pins


def test_reading_a_listed_store_takes_one_request_per_object(s3_store, reopen_s3):
    for key in ("a", "b", "c"):
        s3_store.put(key, key.encode(), retain_until=UNTIL)
    store = reopen_s3()
    sent = requests_of(store)
    assert list(map(store.get, store.keys())) == [b"a", b"b", b"c"]
    assert sent == ["ListObjectVersions", "GetObject", "GetObject", "GetObject"]


def test_only_so_many_versions_are_remembered(s3_store, monkeypatch):
    monkeypatch.setattr(versions, "_MAX_PINS", 2)
    for key in ("a", "b", "c"):
        s3_store.put(key, key.encode(), retain_until=UNTIL)
    sent = requests_of(s3_store)
    assert [s3_store.get(key) for key in ("c", "b", "a")] == [b"c", b"b", b"a"]
    assert sent == ["GetObject", "GetObject", "ListObjectVersions", "GetObject"]


def test_a_version_that_went_away_after_the_listing_is_not_found(s3_store, raw):
    client, place = raw
    version = client.put_object(**place, Body=b"x")["VersionId"]
    assert list(s3_store.keys()) == [KEY]
    client.delete_object(**place, VersionId=version)
    with pytest.raises(NotFoundError):
        s3_store.get(KEY)


# Access


@pytest.mark.parametrize(
    "credentials", [("nobody", "nothing"), ("right", "nothing")], ids=["unknown key", "wrong secret"]
)
def test_wrong_credentials_are_refused_and_say_nothing(s3_server, reopen_s3, credentials):
    access_key = credentials[0].replace("right", s3_server.options.credentials[0])
    store = reopen_s3(credentials=(access_key, credentials[1]))
    for call in (
        lambda: store.put(KEY, b"x", retain_until=UNTIL),
        lambda: store.get(KEY),
        lambda: list(store.keys()),
    ):
        with pytest.raises(StoreError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch") as caught:
            call()
        assert type(caught.value) is StoreError


def test_credentials_come_from_the_chain_of_boto3_where_none_are_given(s3_server, reopen_s3, monkeypatch):
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    store = reopen_s3(credentials=None)
    store.put(KEY, b"x", retain_until=UNTIL)
    assert store.get(KEY) == b"x"


def test_a_bucket_without_object_lock_takes_nothing(s3_server, s3_prefix):
    s3.connect(s3_server.options).create_bucket(Bucket=s3_prefix)
    with pytest.raises(StoreError, match=r"ObjectLockConfigurationNotFoundError|BucketAlreadyExists"):
        ensure_bucket(s3_prefix, options=s3_server.options)
    with pytest.raises(StoreError, match="InvalidRequest"):
        S3Store(s3_prefix, options=s3_server.options).put(KEY, b"x", retain_until=UNTIL)


def test_a_bucket_that_is_ours_without_object_lock_is_refused(s3_server, s3_prefix, monkeypatch):
    """AWS answers 200 where the bucket exists and is ours; this server does not."""
    client = s3.connect(s3_server.options)
    client.create_bucket(Bucket=s3_prefix)
    accept = AWSResponse(s3_server.options.endpoint, 200, {}, None)
    accept._content = b""
    client.meta.events.register("before-send.s3.CreateBucket", lambda **_: accept)
    monkeypatch.setattr(s3, "connect", lambda _options: client)
    with pytest.raises(StoreError, match="ObjectLockConfigurationNotFoundError"):
        ensure_bucket(s3_prefix, options=s3_server.options)


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3_server, s3_prefix):
    store = S3Store(s3_prefix, options=s3_server.options)
    for call in (lambda: store.get(KEY), lambda: list(store.keys())):
        with pytest.raises(StoreError, match="NoSuchBucket") as caught:
            call()
        assert not isinstance(caught.value, NotFoundError)


def test_a_bucket_is_created_in_its_region_and_may_be_there_already(s3_server, s3_prefix):
    options = replace(s3_server.options, region="eu-central-1")
    ensure_bucket(s3_prefix, options=options)
    ensure_bucket(s3_prefix, options=options)
    S3Store(s3_prefix, options=options).put("k", b"x", retain_until=UNTIL)
    assert S3Store(s3_prefix, options=options).get("k") == b"x"


def test_an_endpoint_that_is_no_url_is_refused():
    with pytest.raises(StoreError, match="no S3 client"):
        S3Store("bucket", options=S3Options(endpoint="nowhere", credentials=("a", "b")))
