"""Artifacts by the digest of their bytes, laid out among the objects as an OCI image layout is among files.

Blobs lie under `marketplace/sha256/<hex>`. An artifact is a manifest (OCI image specification 1.1, "Guidelines for
artifact usage") that names its layers; an index names manifests. Whatever is handed out is hashed first, so a blob that
somebody changed is never handed out. Knows nothing of what the bytes mean.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.statement import DIGEST
from app.objects import MAX_OBJECT, ObjectGoneError, Objects
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
TITLE: Final = "org.opencontainers.image.title"
MAX_BLOB: Final = MAX_OBJECT
_PREFIX: Final = "marketplace/sha256/"
_MAX_MANIFEST: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One file of an artifact: what it is, how it is called, its bytes."""

    media_type: str
    name: str
    data: bytes


class Artifacts:
    """Blobs under their digests. Every method raises `ObjectsError` where objects cannot be reached."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, data: bytes) -> str:
        """Keep `data`, and return its digest; the same bytes again do no harm.

        Raises:
            SupplyError: `too_large`.
        """
        if len(data) > MAX_BLOB:
            raise SupplyError("too_large", f"an artifact has at most {MAX_BLOB} bytes")
        digest = hashlib.sha256(data).hexdigest()
        self._objects.put(f"{_PREFIX}{digest}", data)
        return f"sha256:{digest}"

    def get(self, digest: str) -> bytes:
        """Return the bytes of `digest`, hashed again.

        Raises:
            SupplyError: `malformed_digest`; `missing_blob`; `tampered_blob`, other bytes stand in its place.
        """
        if not DIGEST.fullmatch(digest):
            raise SupplyError("malformed_digest", "a digest is `sha256:` and 64 hexadecimal digits")
        try:
            data = self._objects.get(f"{_PREFIX}{digest.removeprefix('sha256:')}")
        except ObjectGoneError as error:
            raise SupplyError("missing_blob", "there is no such artifact", expected=digest) from error
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != digest:
            raise SupplyError("tampered_blob", "other bytes stand in its place", seen=found, expected=digest)
        return data

    def put_artifact(self, kind: str, layers: tuple[Layer, ...], subject: str | None = None) -> str:
        """Keep an artifact of several files, and return the digest of its manifest.

        Args:
            kind: its `artifactType`.
            layers: its files.
            subject: digest of the manifest that it says something of.
        """
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": kind,
            "config": self._descriptor(EMPTY, b"{}"),
            "layers": [
                self._descriptor(layer.media_type, layer.data) | {"annotations": {TITLE: layer.name}}
                for layer in layers
            ],
        }
        if subject is not None:
            manifest["subject"] = _descriptor(MANIFEST, subject, len(self.get(subject)))
        return self.put(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS))

    def put_index(self, manifests: tuple[str, ...]) -> str:
        """Keep an index of manifests, and return its digest."""
        listed = [_descriptor(MANIFEST, digest, len(self.get(digest))) for digest in manifests]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
        return self.put(orjson.dumps(index, option=orjson.OPT_SORT_KEYS))

    def manifest(self, digest: str) -> Mapping[str, Any]:
        """Return a manifest or an index.

        Raises:
            SupplyError: as `get`; `malformed_manifest`.
        """
        try:
            document: dict[str, Any] = parse(self.get(digest), max_bytes=_MAX_MANIFEST)
        except (MalformedRequestError, TooLargeError) as error:
            raise SupplyError("malformed_manifest", "it is no manifest") from error
        match document:
            case {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [*_]}:
                return document
            case {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [*_]}:
                return document
        raise SupplyError("malformed_manifest", "it is no manifest")

    def files(self, digest: str) -> dict[str, bytes]:
        """Return the files of an artifact by their names; each is what its manifest says.

        Raises:
            SupplyError: as `manifest`.
        """
        files = {}
        for layer in self.manifest(digest).get("layers", ()):
            match layer:
                case {
                    "digest": str(blob),
                    "size": int(size),
                    "annotations": {"org.opencontainers.image.title": str(name)},
                }:
                    data = self.get(blob)
                    if len(data) != size or name in files:
                        raise SupplyError("malformed_manifest", "a layer has another size, or a name stands twice")
                    files[name] = data
                case _:
                    raise SupplyError("malformed_manifest", "a layer has no digest, size and name")
        return files

    def _descriptor(self, media_type: str, data: bytes) -> dict[str, Any]:
        return _descriptor(media_type, self.put(data), len(data))


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}
