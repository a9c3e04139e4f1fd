"""Deletable objects below a prefix of an S3 bucket. Apart from the log's store, the only module that imports boto3."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from app.objects import MAX_OBJECT, ObjectGoneError, ObjectsError, Stored, check_key, check_prefix
from evidence.errors import StoreError
from evidence.store import S3Options
from evidence.stores.s3 import connect

_NOT_FOUND: Final = 404
_TAKEN: Final = frozenset({409, 412})


class S3Objects:
    """See `app.objects.Objects`. Deletes every version, so that a bucket that keeps versions forgets as well.

    The credentials need PutObject, GetObject, DeleteObject, DeleteObjectVersion and ListBucketVersions below the
    prefix. The bucket of the log will not do: what its locks hold cannot be deleted.
    """

    def __init__(self, bucket: str, prefix: str, *, options: S3Options) -> None:
        """Prepare to use `bucket` below `prefix`; sends no request.

        Raises:
            ObjectsError: no client can be made of `options`.
        """
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        try:
            self._client = connect(options)
        except StoreError as error:
            raise ObjectsError(str(error)) from error

    def put(self, key: str, data: bytes) -> None:
        """See `Objects.put`."""
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        with _translated():
            try:
                self._client.put_object(**self._place(key), Body=data, IfNoneMatch="*", ChecksumSHA256=checksum)
            except ClientError as error:
                if _status(error) not in _TAKEN:
                    raise
                if self.get(key) != data:  # boto3 may have sent it twice
                    raise ObjectsError(f"`{key}` holds something else") from None

    def get(self, key: str, *, limit: int = MAX_OBJECT) -> bytes:
        """See `Objects.get`."""
        with _translated(), closing(self._client.get_object(**self._place(key))["Body"]) as body:
            data: bytes = body.read(limit + 1)
        if len(data) > limit:
            raise ObjectsError(f"`{key}` has more than {limit} bytes")
        return data

    def delete(self, key: str) -> bool:
        """See `Objects.delete`."""
        place = self._place(key)
        with _translated():
            versions = [each for each in self._versions(place["Key"]) if each["Key"] == place["Key"]]
            for each in versions:
                self._client.delete_object(**place, VersionId=each["VersionId"])
            if any(each["Key"] == place["Key"] for each in self._versions(place["Key"])):
                raise ObjectsError(f"`{key}` is still there: does the bucket lock its objects?")
        return bool(versions)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """See `Objects.list`. An object that a delete marker hides is there as well."""
        before = ""
        with _translated():
            for each in self._versions(f"{self._prefix}{check_prefix(prefix)}"):
                key = each["Key"].removeprefix(self._prefix)
                if key != before:
                    before = key
                    yield Stored(key=key, modified=each["LastModified"])

    def tidy(self, before: datetime) -> int:  # noqa: ARG002 - the port's
        """See `Objects.tidy`. S3 shows no object before it is whole."""
        return 0

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{check_key(key)}"}

    def _versions(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield versions and delete markers of all keys that begin with `prefix`, page after page."""
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from sorted((*page.get("Versions", ()), *page.get("DeleteMarkers", ())), key=lambda each: each["Key"])


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if _status(error) == _NOT_FOUND:
            raise ObjectGoneError("there is no such object") from None
        raise ObjectsError(f"S3 refuses: {error.response.get('Error', {}).get('Code', '')}") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise ObjectsError(f"S3 cannot be reached: {type(error).__name__}") from error
