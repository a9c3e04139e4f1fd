"""What a probe tries against S3 with Object Lock because it has to fail. Touches the canary's key alone.

Knows the names of requests; how they are sent, and what an error of theirs is, `evidence.stores.s3` knows.
Deleting without a version and writing without a condition are not tried: a bucket with versions grants
both, and the locked version stands (`ShadowedObjectError` tells).
"""

import base64
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from evidence.errors import StoreError
from evidence.store import Canary, Level

_MARGIN: Final = timedelta(minutes=1)
_OTHER: Final = b"something else"
_NOT_NOW: Final = frozenset({"InternalError", "ServiceUnavailable", "SlowDown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The canary as requests name it, and clients to send them with."""

    client: Any
    """With the rights of the store's owner."""
    unsigned: Callable[[], Any]
    """Makes a client that signs nothing."""
    unknown: Callable[[], Any]
    """Makes a client whose keys nobody knows."""
    place: dict[str, str]
    version: str
    canary: Canary


_Call = Callable[[Target], str | None]
"""Sends requests. Raises the client's error, or returns in which words it was refused, or None if it was done."""


def _delete(*, bypass: bool) -> _Call:
    def call(target: Target) -> str | None:
        more = {"BypassGovernanceRetention": True} if bypass else {}
        target.client.delete_object(**target.place, VersionId=target.version, **more)
        return None

    return call


def _delete_many(target: Target) -> str | None:
    objects = [{"Key": target.place["Key"], "VersionId": target.version}]
    answer = target.client.delete_objects(Bucket=target.place["Bucket"], Delete={"Objects": objects})
    errors = [error["Code"] for error in answer.get("Errors", ())]
    if set(errors) & _NOT_NOW:
        raise StoreError(f"`{target.canary.key}`: {errors[0]}")
    return errors[0] if errors else None


def _set_retention(mode: str | None, date: Callable[[Canary], datetime], *, bypass: bool) -> _Call:
    def call(target: Target) -> str | None:
        retention = {"Mode": mode, "RetainUntilDate": date(target.canary)} if mode else {}
        more = {"BypassGovernanceRetention": True} if bypass else {}
        target.client.put_object_retention(**target.place, VersionId=target.version, Retention=retention, **more)
        return None

    return call


def _shorter(canary: Canary) -> datetime:
    return canary.until - _MARGIN


def _longer(canary: Canary) -> datetime:
    return canary.until + _MARGIN


def _past(canary: Canary) -> datetime:
    return canary.now - timedelta(days=1)


def _create_in_the_past(target: Target) -> str | None:
    """Write an object that could be deleted at once."""
    place = target.place | {"Key": f"{target.place['Key']}-past"}
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": _past(target.canary)}
    target.client.put_object(**place, Body=_OTHER, ChecksumSHA256=_checksum(_OTHER), **lock)
    return None


def _create_damaged(target: Target) -> str | None:
    """Write bytes that are not those of the checksum sent with them, as a damaged transfer does."""
    place = target.place | {"Key": f"{target.place['Key']}-damaged"}
    target.client.put_object(**place, Body=_OTHER, ChecksumSHA256=_checksum(target.canary.data))
    return None


def _suspend_versions(target: Target) -> str | None:
    """Switch the versions of the bucket off; if that is done or nobody knows, on again at once."""
    with ExitStack() as stack:
        stack.callback(_resume_versions, target)
        try:
            _set_versions(target, "Suspended")
        except target.client.exceptions.ClientError as error:
            if 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:  # noqa: PLR2004 - RFC 9110, 15.5
                stack.pop_all()  # refused
            raise
    return None


def _resume_versions(target: Target) -> None:
    try:
        _set_versions(target, "Enabled")
    except Exception as error:
        bucket = target.place["Bucket"]
        raise StoreError(f"the probe suspended versioning of `{bucket}`: enable it again at once") from error


def _set_versions(target: Target, status: str) -> None:
    target.client.put_bucket_versioning(Bucket=target.place["Bucket"], VersioningConfiguration={"Status": status})


def _write_unsigned(target: Target) -> str | None:
    return _write_as_stranger(target, target.unsigned())


def _write_unknown(target: Target) -> str | None:
    return _write_as_stranger(target, target.unknown())


def _write_as_stranger(target: Target, client: Any) -> str | None:
    place = target.place | {"Key": f"{target.place['Key']}-stranger"}
    client.put_object(**place, Body=_OTHER, ChecksumSHA256=_checksum(_OTHER))
    return None


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


ATTEMPTS: Final[tuple[tuple[str, Level, _Call], ...]] = (
    ("delete the version", Level.L1, _delete(bypass=False)),
    ("delete the version, bypassing governance", Level.L2, _delete(bypass=True)),
    ("delete the version in a list", Level.L1, _delete_many),
    ("shorten the retention", Level.L1, _set_retention("COMPLIANCE", _shorter, bypass=False)),
    ("shorten the retention, bypassing governance", Level.L2, _set_retention("COMPLIANCE", _shorter, bypass=True)),
    ("turn COMPLIANCE into GOVERNANCE", Level.L2, _set_retention("GOVERNANCE", _longer, bypass=True)),
    ("remove the retention", Level.L2, _set_retention(None, _past, bypass=True)),
    ("date the retention back", Level.L2, _set_retention("COMPLIANCE", _past, bypass=True)),
    ("create with a date in the past", Level.L1, _create_in_the_past),
    ("create with the checksum of other bytes", Level.L1, _create_damaged),
    ("suspend versioning", Level.L1, _suspend_versions),
    ("write without credentials", Level.L1, _write_unsigned),
    ("write with unknown credentials", Level.L1, _write_unknown),
)
"""Name, the best level of a store that does it, and how to try it."""
