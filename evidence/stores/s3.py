"""S3 with Object Lock in COMPLIANCE mode: the store of record.

The only module that imports boto3. Believes no configuration: what the lock of an object really is, it
reads back after every write. Whether the service honours its locks is for `evidence.probe` to find out.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from evidence.errors import (
    AlreadyWrittenError,
    NotFoundError,
    ObjectTooLargeError,
    ShadowedObjectError,
    StoreError,
)
from evidence.store import (
    MAX_OBJECT,
    Attempt,
    Canary,
    Level,
    S3Options,
    check_expired,
    check_key,
    check_longer,
    check_retention,
)
from evidence.stores.s3_attempts import ATTEMPTS, Target
from evidence.stores.versions import Pins, listed

_LOCK: Final = "COMPLIANCE"
_UNSETTLED: Final = frozenset({409, 412})  # somebody was there first, perhaps we; or is writing right now
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})  # the last where an answer has no body
_NEVER_HELD: Final = frozenset({"NoSuchObjectLockConfiguration", "NoSuchObjectLegalHold"})
_NO_PLACE: Final = frozenset({"us-east-1", "aws-global"})  # S3 refuses to be told these two
_REFUSALS: Final = frozenset({*range(400, 500), 501}) - {408, 429}  # the rest says: not now


class S3Store:
    """Writes with `If-None-Match: *` under a lock that nobody can shorten; several threads may use one.

    The credentials need GetObject, GetObjectVersion, GetObjectRetention, ListBucketVersions, and to write
    PutObject and PutObjectRetention; nothing that deletes, and no bypass. Who holds needs GetObjectLegalHold and
    PutObjectLegalHold, who lets expire DeleteObjectVersion: other people, if possible.
    """

    def __init__(self, bucket: str, prefix: str = "", *, options: S3Options) -> None:
        """Prepare to use `bucket`; sends no request.

        Args:
            bucket: has to have Object Lock, see `ensure_bucket`.
            prefix: a key under which all others stand, without its last slash; empty for the whole bucket.
            options: how to reach the service.

        Raises:
            InvalidKeyError: `prefix` is no key.
            StoreError: no client can be made of `options`.
        """
        self._bucket = bucket
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._client = connect(options)
        self._options = options
        self._pins = Pins()

    def put(self, key: str, data: bytes, *, retain_until: datetime) -> None:
        """See `WormStore.put`.

        Does not look for other versions: `get` and `keys` do, and `put` only where it finds the key taken.
        """
        until = _whole_second(check_retention(retain_until))
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        with _store_errors(key):
            try:
                version = self._create(key, data, checksum, until)
            except (BotoCoreError, ClientError) as error:
                if isinstance(error, ClientError) and _status(error) not in _UNSETTLED:
                    raise
                # Our bytes may have landed without our hearing of it, also in a retry that boto3 made.
                version = self._require_ours(key, data)
                self._prolong(key, version, until)
                checksum = ""  # whoever wrote the object first may have sent another kind of checksum
            self._require_lock(key, version, until, checksum)
        self._pins.set(key, version)

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `WormStore.get`.

        A version that `put` or `keys` has seen as the only one is read without asking whether others came after it.
        """
        with _store_errors(key):
            return self._read(key, self._version(key), limit)

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """See `WormStore.keys`."""
        if after > prefix and not after.startswith(prefix):
            return  # every key that begins with `prefix` comes before it
        # A marker that does not begin with the prefix makes some servers list nothing at all.
        marker = {"KeyMarker": f"{self._prefix}{after}"} if after.startswith(prefix) and after else {}
        for name, version in listed(self._pages(f"{self._prefix}{prefix}", marker)):
            key = name.removeprefix(self._prefix)
            self._pins.set(key, version)
            if key > after:
                yield key

    def retained(self, key: str) -> datetime | None:
        """See `WormStore.retained`. A lock in another mode than ours, or one we may not see, is no date."""
        with _store_errors(key):
            return _locked_until(self._head(key, self._version(key)))

    def retain(self, key: str, until: datetime) -> None:
        """See `WormStore.retain`."""
        with _store_errors(key):
            version = self._version(key)
            until = _whole_second(check_longer(key, until, _locked_until(self._head(key, version))))
            self._prolong(key, version, until)
            self._require_lock(key, version, until, "")

    def held(self, key: str) -> bool:
        """See `WormStore.held`."""
        with _store_errors(key):
            return self._holds(key, self._version(key))

    def hold(self, key: str, *, on: bool) -> None:
        """See `WormStore.hold`."""
        with _store_errors(key):
            version, status = self._version(key), "ON" if on else "OFF"
            self._client.put_object_legal_hold(**self._place(key), VersionId=version, LegalHold={"Status": status})
            if self._holds(key, version) is not on:
                raise StoreError(f"the legal hold of `{key}` was to be {status.lower()}, and is not")

    def expire(self, key: str, now: datetime) -> None:
        """See `WormStore.expire`. Deletes the one version there is."""
        with _store_errors(key):
            version = self._only_version(key)  # not the one remembered: others must not come to light by it
            kept = _locked_until(self._head(key, version))
            check_expired(key, now, kept, lambda _: self._holds(key, version))
            self._client.delete_object(**self._place(key), VersionId=version)
            self._pins.set(key, None)

    def attempts(self) -> Iterator[Attempt]:
        """See `WormStore.attempts`."""
        for name, leaves, call in ATTEMPTS:
            yield Attempt(name=name, leaves=leaves, run=partial(self._attempt, call))

    @property
    def promised(self) -> Level:
        """See `WormStore.promised`."""
        return Level.L3

    def _attempt(self, call: Callable[[Target], str | None], canary: Canary) -> str | None:
        """Return how the service refused `call`, None if it did not."""
        with _store_errors(canary.key):
            target = Target(
                client=self._client,
                unsigned=lambda: connect(self._options, signature=UNSIGNED),
                unknown=lambda: connect(
                    replace(self._options, credentials=(secrets.token_hex(10), secrets.token_hex(20)))
                ),
                place=self._place(canary.key),
                version=self._version(canary.key),
                canary=canary,
            )
            try:
                return call(target)
            except ClientError as error:
                if _status(error) not in _REFUSALS:
                    raise
                return f"{_status(error)} {error.response['Error']['Code']}"

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{check_key(key)}"}

    def _create(self, key: str, data: bytes, checksum: str, until: datetime) -> str:
        answer = self._client.put_object(
            **self._place(key),
            Body=data,
            IfNoneMatch="*",
            ChecksumSHA256=checksum,
            ObjectLockMode=_LOCK,
            ObjectLockRetainUntilDate=until,
        )
        version = answer.get("VersionId")
        if not isinstance(version, str):
            raise StoreError(f"bucket `{self._bucket}` keeps no versions")
        return version

    def _require_ours(self, key: str, data: bytes) -> str:
        """Return the version at `key` after a write of unknown outcome, if it holds `data`.

        Raises:
            AlreadyWrittenError: it holds something else.
            StoreError: nothing is there, which does not say that nothing will be.
        """
        try:
            version = self._only_version(key)
            found = self._read(key, version, len(data))
        except NotFoundError as error:
            raise StoreError(f"`{key}` was not written, or not yet") from error
        except ObjectTooLargeError as error:
            raise AlreadyWrittenError(key) from error
        if found != data:
            raise AlreadyWrittenError(key)
        return version

    def _version(self, key: str) -> str:
        return self._pins.get(check_key(key)) or self._only_version(key)

    def _only_version(self, key: str) -> str:
        place = self._place(key)
        # Other keys may begin with this one, and come after it: the first page is enough.
        page = _listing(self._client.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"]))
        versions = [each["VersionId"] for each in page.get("Versions", ()) if each["Key"] == place["Key"]]
        deleted = any(each["Key"] == place["Key"] for each in page.get("DeleteMarkers", ()))
        if deleted or len(versions) > 1:
            raise ShadowedObjectError(key)
        if not versions:
            raise NotFoundError(key)
        return str(versions[0])

    def _read(self, key: str, version: str, limit: int) -> bytes:
        with _absence(key):
            answer = self._client.get_object(**self._place(key), VersionId=version)
        with closing(answer["Body"]) as body:
            if answer.get("VersionId") != version:  # whoever answers for the store does not know the object
                raise StoreError(f"`{key}` was answered with something else than its version")
            data = body.read(limit + 1)
            if len(data) > limit:
                raise ObjectTooLargeError(key)
            body.read()  # there is no more, which is what makes boto3 check length and checksum
        return bytes(data)

    def _prolong(self, key: str, version: str, until: datetime) -> None:
        """Lock an object that stands already as long as the one we meant to write."""
        if not _is_locked(self._head(key, version), until):
            retention = {"Mode": _LOCK, "RetainUntilDate": until}
            self._client.put_object_retention(**self._place(key), VersionId=version, Retention=retention)

    def _require_lock(self, key: str, version: str, until: datetime, checksum: str) -> None:
        head = self._head(key, version)
        if not _is_locked(head, until):
            raise StoreError(f"`{key}` was written, but is not locked until {until.isoformat()}")
        if checksum and head.get("ChecksumSHA256") != checksum:
            raise StoreError(f"`{key}` was written, but with another checksum")

    def _head(self, key: str, version: str) -> dict[str, Any]:
        place = self._place(key)
        with _absence(key):
            head: dict[str, Any] = self._client.head_object(**place, VersionId=version, ChecksumMode="ENABLED")
        return head

    def _holds(self, key: str, version: str) -> bool:
        try:
            with _absence(key):
                answer = self._client.get_object_legal_hold(**self._place(key), VersionId=version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NEVER_HELD:
                return False
            raise
        return bool(answer.get("LegalHold", {}).get("Status") == "ON")

    def _pages(self, prefix: str, marker: dict[str, str]) -> Iterator[dict[str, Any]]:
        with _store_errors(prefix):
            pages = self._client.get_paginator("list_object_versions")
            yield from map(_listing, pages.paginate(Bucket=self._bucket, Prefix=prefix, **marker))


def ensure_bucket(bucket: str, *, options: S3Options) -> None:
    """Create `bucket` with Object Lock, which it can only get at its birth; or require that it has it.

    Raises:
        StoreError: it cannot be had, or is there without Object Lock.
    """
    client = connect(options)
    region = client.meta.region_name
    where = {} if region in _NO_PLACE else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with _store_errors(bucket):
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, **where)
        client.get_object_lock_configuration(Bucket=bucket)


def connect(options: S3Options, signature: Any = "s3v4") -> Any:
    """Return a boto3 client of S3. Sends no request.

    Args:
        options: how to reach it.
        signature: how requests are signed; `botocore.UNSIGNED` for none.

    Raises:
        StoreError: no client can be made of `options`.
    """
    access_key, secret_key = options.credentials or (None, None)
    config = Config(
        connect_timeout=options.connect_timeout,
        read_timeout=options.read_timeout,
        retries={"mode": "standard", "total_max_attempts": options.attempts},
        s3={"addressing_style": "path" if options.endpoint else "auto"},
        signature_version=signature,
    )
    try:
        # A session of our own: the one that `boto3.client` shares is not safe to use from several threads.
        return boto3.session.Session().client(
            "s3",
            endpoint_url=options.endpoint,
            region_name=options.region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"no S3 client can be made: {error}") from error


def _listing(page: dict[str, Any]) -> dict[str, Any]:
    """Return a page of a listing; any other answer of the form XML is parsed as one that is empty.

    Raises:
        StoreError: it is none.
    """
    if "IsTruncated" not in page:
        raise StoreError("the store answered with something else than a listing")
    return page


def _is_locked(head: dict[str, Any], until: datetime) -> bool:
    date = _locked_until(head)
    return date is not None and date >= until


def _locked_until(head: dict[str, Any]) -> datetime | None:
    date = head.get("ObjectLockRetainUntilDate")
    return date if head.get("ObjectLockMode") == _LOCK and isinstance(date, datetime) else None


def _whole_second(moment: datetime) -> datetime:
    """Return `moment` or the next whole second after it: services cut the fraction off."""
    return (moment + timedelta(microseconds=999_999)).replace(microsecond=0)


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


@contextmanager
def _absence(key: str) -> Iterator[None]:
    """Turn what boto3 says of a version that is not there into our error."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            raise NotFoundError(key) from error
        raise


@contextmanager
def _store_errors(key: str) -> Iterator[None]:
    """Turn what boto3 says about `key` into our error."""
    try:
        yield
    except ClientError as error:
        raise StoreError(f"`{key}`: {error.response['Error']['Code']}") from error
    except (BotoCoreError, HTTPError) as error:
        raise StoreError(f"`{key}`: {type(error).__name__}") from error
