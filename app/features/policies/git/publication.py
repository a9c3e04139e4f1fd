"""What is in force as a bundle of OPA's: signed, published, and verified when it is read back.

    .manifest          the revision, and our own digest in `metadata.omega`
    .signatures.json   one JWT (EdDSA) over the hash of every other file, made with a key of the node
    data.json          what the policies find under `data`
    rego/ data/ ...    every file of our bundle, as it is

The format is that of OPA's "Bundles" and "Signing". The bytes are the same whoever packs the same policies with the
same key: sorted, without times. Two objects have them: `bundles/<digest>/<commit>`, which stays, and `current`.

Owns the format and where it lies. What may be published, and when, is `activating`'s business.
"""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.features.policies.errors import PublicationError
from app.objects import ObjectGoneError, Objects, ObjectsError
from app.pdp.bundle import Bundle, parse_files
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

CURRENT: Final = "current"
"""The key of the object that has what is in force."""

KEY_ID: Final = "omega"
"""What the key is called in the signature, and has to be called in OPA's configuration."""

_MANIFEST: Final = ".manifest"
_SIGNATURES: Final = ".signatures.json"
_DATA: Final = "data.json"
_OWN: Final = frozenset({_MANIFEST, _SIGNATURES, _DATA})
_STRUCTURED: Final = frozenset({_MANIFEST, _DATA})
_MOST_FILES: Final = 5_010
_MAX_PACKED: Final = 32 << 20
_MAX_BYTES: Final = 96 << 20
_MAX_JSON: Final = 64 << 20
_HEADER: Final = {"alg": "EdDSA", "kid": KEY_ID, "typ": "JWT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published: our bundle, and the bytes that OPA takes."""

    bundle: Bundle
    data: bytes


def publish(bundle: Bundle, objects: Objects, key: Ed25519PrivateKey) -> Published:
    """Publish a bundle as what is in force, and read it back.

    Raises:
        PublicationError: the place does not take it, or gives something else back.
    """
    data = pack(bundle, key)
    commit = bundle.revision.removeprefix("git:").replace("+", "-") or "unversioned"
    try:
        objects.put(f"bundles/{bundle.digest}/{commit}", data)
        if _current(objects) != data:
            objects.delete(CURRENT)
            objects.put(CURRENT, data)
    except ObjectsError as error:
        raise PublicationError(f"the bundle cannot be published: {error}") from error
    return verify_published(objects, key.public_key())


def verify_published(objects: Objects, key: Ed25519PublicKey) -> Published:
    """Return what is published as in force.

    Raises:
        PublicationError: nothing is, or not what the key signed.
    """
    try:
        data = objects.get(CURRENT, limit=_MAX_PACKED)
    except ObjectGoneError:
        raise PublicationError("nothing is published") from None
    except ObjectsError as error:
        raise PublicationError(f"what is published cannot be read: {error}") from error
    return Published(bundle=unpack(data, key), data=data)


def pack(bundle: Bundle, key: Ed25519PrivateKey) -> bytes:
    """Return the bundle as a `tar.gz` that OPA takes, signed."""
    manifest = {
        "metadata": {"omega": {"digest": bundle.digest, "engine": bundle.engine}},
        "rego_version": 1,
        "revision": bundle.revision,
        "roots": [""],
    }
    files = {path: text.encode() for path, text in bundle.files.items()}
    files |= {_MANIFEST: _json(manifest), _DATA: _json(json.loads(bundle.data))}
    listed = [{"name": path, "hash": _hash(path, data), "algorithm": "SHA-256"} for path, data in sorted(files.items())]
    signing = f"{_base64(_json(_HEADER))}.{_base64(_json({'files': listed}))}"
    token = f"{signing}.{_base64(key.sign(signing.encode()))}"
    return _archive(files | {_SIGNATURES: _json({"signatures": [token]})})


def unpack(data: bytes, key: Ed25519PublicKey) -> Bundle:
    """Return the bundle in `data`.

    Raises:
        PublicationError: `key` did not sign it, a file is another than was signed, missing or too many, or the whole
            is none of our bundles.
    """
    files = _members(data)
    signed = _signed(files.get(_SIGNATURES, b""), key)
    found = {path: _hash(path, content) for path, content in files.items() if path != _SIGNATURES}
    if found != signed:
        different = sorted(path for path in found.keys() | signed.keys() if found.get(path) != signed.get(path))
        raise PublicationError(f"`{different[0]}` is not what was signed")
    manifest = _object(files.get(_MANIFEST, b""))
    match manifest:
        case {"revision": str(revision), "metadata": {"omega": {"digest": str(digest)}}}:
            pass
        case _:
            raise PublicationError(f"`{_MANIFEST}` does not say which policies these are")
    try:
        bundle = parse_files({path: content for path, content in files.items() if path not in _OWN}, revision)
    except BundleError as error:
        raise PublicationError(f"what is published is no bundle: {error}") from None
    if bundle.digest != digest or _json(json.loads(bundle.data)) != files.get(_DATA):
        raise PublicationError("what is published is not what its files say")
    return bundle


def _current(objects: Objects) -> bytes | None:
    try:
        return objects.get(CURRENT, limit=_MAX_PACKED)
    except ObjectsError:  # nothing there, or something that nobody could publish
        return None


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar.gz of `files` that says nothing of when, where and by whom it was made."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive; sizes are known before anything is held."""
    if len(data) > _MAX_PACKED:
        raise PublicationError(f"what is published has more than {_MAX_PACKED} bytes")
    try:
        inflater = zlib.decompressobj(wbits=31)
        whole = inflater.decompress(data, _MAX_BYTES)
        if inflater.unconsumed_tail or inflater.unused_data or not inflater.eof:
            raise PublicationError("what is published is cut off, too large, or goes on after its end")
        files: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or member.name in files or len(files) >= _MOST_FILES:
                    raise PublicationError("what is published holds something else than files, or one twice")
                files[member.name] = content.read()
    except (zlib.error, tarfile.TarError, EOFError, OSError, ValueError, OverflowError):
        raise PublicationError("what is published is no tar.gz") from None
    return files


def _signed(data: bytes, key: Ed25519PublicKey) -> dict[str, str]:
    """Return the hash of each file that was signed."""
    match _object(data):
        case {"signatures": [str(token)]}:
            head, _, signature = token.rpartition(".")
            header, _, payload = head.partition(".")
        case _:
            raise PublicationError("what is published is not signed")
    if not token.isascii() or _object(_bytes(header)) != _HEADER:
        raise PublicationError("what is published is signed in another way")
    try:
        key.verify(_bytes(signature), head.encode())
    except InvalidSignature:
        raise PublicationError("what is published was signed by another key") from None
    listed = _object(_bytes(payload)).get("files")
    match listed:
        case [*entries] if all(isinstance(each, dict) and each.get("algorithm") == "SHA-256" for each in entries):
            return {str(each.get("name")): str(each.get("hash")) for each in entries}
        case _:
            raise PublicationError("the signature lists no files")


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = parse(data, max_bytes=_MAX_JSON)
    except (MalformedRequestError, TooLargeError):
        value = None
    return value if isinstance(value, dict) else {}


def _hash(path: str, data: bytes) -> str:
    """Return the hash of a file as OPA makes it: of `.manifest` and data, it is that of their canonical JSON.

    Ours are written in that form, so that it is that of their bytes, too; what is not is found to be something else.
    """
    if path in _STRUCTURED and _json(_object(data)) != data:
        return ""
    return hashlib.sha256(data).hexdigest()


def _json(value: Any) -> bytes:
    """Return JSON as OPA hashes it: sorted, without white space, with what Go escapes."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
    return data if _base64(data) == text else b""
