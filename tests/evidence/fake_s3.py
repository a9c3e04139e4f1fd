"""An S3 with Object Lock in memory, as far as the store and the probe ask it; it can be told what not to refuse.

Not a model of any service: the real one is in the slow tests. What it is lax about is named as the probe names it.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from types import SimpleNamespace

from botocore import UNSIGNED
from botocore.exceptions import ClientError

from evidence.store import S3Options
from evidence.stores import s3
from evidence.stores.s3 import S3Store

OPTIONS = S3Options(credentials=("known", "secret"))


def refusal(code, status=403):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Request")


@dataclass
class Version:
    id: str
    body: bytes
    checksum: str | None = None
    mode: str | None = None
    until: datetime | None = None
    hold: str | None = None
    marker: bool = False


@dataclass
class FakeS3:
    """`lax` is done where it should be refused; `lying` is done and said to be refused."""

    now: datetime
    lax: set[str] = field(default_factory=set)
    lying: set[str] = field(default_factory=set)
    failing: dict[str, ClientError] = field(default_factory=dict)
    objects: dict[str, list[Version]] = field(default_factory=dict)
    versioning: list[str] = field(default_factory=list)
    numbers: int = 0

    exceptions = SimpleNamespace(ClientError=ClientError)

    def _refuse(self, name, effect, code="AccessDenied", status=403):
        if name in self.failing:
            raise self.failing[name]
        if name in self.lax | self.lying:
            effect()
        if name not in self.lax:
            raise refusal(code, status)

    def _find(self, key, version):
        found = [each for each in self.objects.get(key, ()) if each.id == version]
        if not found:
            raise refusal("NoSuchVersion", 404)
        return found[0]

    def put_object(self, **given):
        body, key, until = given["Body"], given["Key"], given.get("ObjectLockRetainUntilDate")
        self.numbers += 1
        made = Version(
            id=str(self.numbers),
            body=body,
            checksum=given["ChecksumSHA256"],
            mode=given.get("ObjectLockMode"),
            until=until,
        )

        def write():
            self.objects.setdefault(key, []).insert(0, made)

        if until is not None and until <= self.now:
            self._refuse("create with a date in the past", write, "InvalidArgument", 400)
        elif made.checksum != base64.b64encode(hashlib.sha256(body).digest()).decode():
            self._refuse("create with the checksum of other bytes", write, "BadDigest", 400)
        elif given.get("IfNoneMatch") and key in self.objects:
            self._refuse("give the key other bytes", write, "PreconditionFailed", 412)
        else:
            write()
        return {"VersionId": made.id}

    def get_object(self, *, Key, VersionId, **_):  # noqa: N803 - as boto3 has it
        return {"Body": BytesIO(self._find(Key, VersionId).body), "VersionId": VersionId}

    def head_object(self, *, Key, VersionId, **_):  # noqa: N803
        found = self._find(Key, VersionId)
        return {
            "ObjectLockMode": found.mode,
            "ObjectLockRetainUntilDate": found.until,
            "ChecksumSHA256": found.checksum,
        }

    def get_paginator(self, _):
        return SimpleNamespace(paginate=lambda **given: [self.list_object_versions(**given)])

    def list_object_versions(self, *, Prefix, KeyMarker="", **_):  # noqa: N803
        listed = {"IsTruncated": False, "Versions": [], "DeleteMarkers": []}
        for key in sorted(key for key in self.objects if key.startswith(Prefix) and key > KeyMarker):
            for each in self.objects[key]:
                listed["DeleteMarkers" if each.marker else "Versions"].append({"Key": key, "VersionId": each.id})
        return listed

    def _remove(self, key, version):
        self.objects[key].remove(self._find(key, version))
        if not self.objects[key]:
            del self.objects[key]

    def _kept(self, key, version):
        found = self._find(key, version)
        return found.hold == "ON" or (found.until is not None and found.until > self.now)

    def delete_object(self, *, Key, VersionId, BypassGovernanceRetention=False, **_):  # noqa: N803
        name = "delete the version" + ", bypassing governance" * BypassGovernanceRetention
        if self._kept(Key, VersionId):
            self._refuse(name, lambda: self._remove(Key, VersionId))
        else:
            self._remove(Key, VersionId)

    def delete_objects(self, *, Delete, **_):  # noqa: N803
        (named,) = Delete["Objects"]
        try:
            self._refuse("delete the version in a list", lambda: self._remove(named["Key"], named["VersionId"]))
        except ClientError as error:
            return {"Errors": [{"Code": error.response["Error"]["Code"]}]}
        return {}

    def put_object_retention(self, *, Key, VersionId, Retention, BypassGovernanceRetention=False, **_):  # noqa: N803
        found, mode, until = self._find(Key, VersionId), Retention.get("Mode"), Retention.get("RetainUntilDate")

        def change():
            found.mode, found.until = mode, until

        if not Retention:
            self._refuse("remove the retention", change, "MalformedXML", 400)
        elif mode == "GOVERNANCE":
            self._refuse("turn COMPLIANCE into GOVERNANCE", change)
        elif until < self.now:
            self._refuse("date the retention back", change, "InvalidArgument", 400)
        elif found.until is not None and until < found.until:
            self._refuse("shorten the retention" + ", bypassing governance" * BypassGovernanceRetention, change)
        else:
            change()

    def put_object_legal_hold(self, *, Key, VersionId, LegalHold, **_):  # noqa: N803
        self._find(Key, VersionId).hold = LegalHold["Status"]

    def get_object_legal_hold(self, *, Key, VersionId, **_):  # noqa: N803
        found = self._find(Key, VersionId)
        if found.hold is None:
            raise refusal("NoSuchObjectLockConfiguration", 404)
        return {"LegalHold": {"Status": found.hold}}

    def put_bucket_versioning(self, *, VersioningConfiguration, **_):  # noqa: N803
        status = VersioningConfiguration["Status"]
        if status == "Suspended":
            self._refuse("suspend versioning", lambda: self.versioning.append(status), "InvalidBucketState", 409)
        elif "resume" in self.failing:
            raise self.failing["resume"]
        else:
            self.versioning.append(status)


@dataclass
class Stranger:
    """A client of the same service without known credentials."""

    service: FakeS3
    name: str

    def put_object(self, **given):
        self.service._refuse(self.name, lambda: self.service.put_object(**given))


def fake_store(service, monkeypatch):
    """Return an `S3Store` that talks to `service`."""

    def connect(options, signature="s3v4"):
        if signature is UNSIGNED:
            return Stranger(service, "write without credentials")
        return service if options == OPTIONS else Stranger(service, "write with unknown credentials")

    monkeypatch.setattr(s3, "connect", connect)
    return S3Store("bucket", "log", options=OPTIONS)
