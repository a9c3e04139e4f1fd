"""The key files of a node, and of a witness: made once, loaded at start, refused if others could have read them.

Knows files and forms, not what the keys are used for.
"""

import base64
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.cosignature import WitnessKey, WitnessSigner
from evidence.errors import MalformedError
from evidence.keys import SigningKey, VerifierKey, parse_origin

LOG_KEY: Final = "log.key"
LOG_VERIFIER_KEY: Final = "log.vkey"
NEXT_LOG_KEY: Final = "log.key.next"
TOKEN_KEY: Final = "token.key"  # noqa: S105 - the name of a file
OLD_KEK: Final = "kek.key"  # what the first generation was called before there were several
LOOKUP_KEY: Final = "lookup.key"

PORTAL_KEY: Final = "portal.key"

BUNDLE_KEY: Final = "bundle.key"
BUNDLE_PUBLIC_KEY: Final = "bundle.pem"

WITNESS_KEY: Final = "witness.key"
WITNESS_VERIFIER_KEY: Final = "witness.vkey"

_KEK: Final = re.compile(r"kek-([0-9]{6})\.key")
_SECRET_BYTES: Final = 32
_LARGEST: Final = 4_096


class KeysError(Exception):
    """A key cannot be had, wherever it is kept; the message says which and why."""


class KeyFileError(KeysError):
    """A key file cannot be made or trusted; the node must not start. The message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKeys:
    """Every key of a node but the generations of the KEK, which `kek_opening` has. Its repr shows what is public alone.

    Attributes:
        log: signs seals and checkpoints, under the name of the log.
        token: signs bearer tokens.
        lookup: 32 bytes, under which a person's pseudonym is found.
    """

    log: SigningKey
    token: Ed25519PrivateKey = field(repr=False)
    lookup: bytes = field(repr=False)


def ensure(
    directory: Path,
    origin: str,
    *,
    make_kek: Callable[[], None] | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> None:
    """Make the key files that are missing in `directory`, for a log called `origin`; durable once it returns.

    The first generation of the KEK is made by `make_kek`, where somebody else than a file keeps it.

    Any number of processes may do this at once: each file is made by one of them, the others keep it. The
    verifier key comes last; once it is there nothing is made any more, so a lost key is never replaced in silence.

    Raises:
        KeyFileError: `origin` is no name of a log, or not that of the keys that are there; a file was lost or
            cannot be made; the directory is open to others.
        KeysError: `make_kek` raised it.
    """
    try:
        parse_origin(origin)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_directory(directory)
        _rename_old_kek(directory)
        if not (directory / LOG_VERIFIER_KEY).exists():
            for name in (LOG_KEY, TOKEN_KEY):
                _make(directory / name, _signing_key(random), mode=0o600)
            make_secret(directory / LOOKUP_KEY, random)
            if make_kek is None:
                make_secret(directory / kek_name(1), random)
            else:
                make_kek()
            log = SigningKey(origin=origin, private_key=_load_signing_key(directory / LOG_KEY))
            _make(directory / LOG_VERIFIER_KEY, f"{log.verifier}\n".encode(), mode=0o644)
        finish_rotation(directory)
        _sync_directory(directory)  # another process may have made the files and not come that far
    except MalformedError as error:
        raise KeyFileError(f"`{origin}` cannot name a log: {error}") from error
    except OSError as error:
        raise KeyFileError(f"keys cannot be made in `{directory}`: {error.strerror}") from error
    found = load(directory).log.origin
    if found != origin:
        raise KeyFileError(f"the keys in `{directory}` are those of the log `{found}`, not of `{origin}`")


def ensure_witness(directory: Path, name: str, *, random: Callable[[int], bytes] = os.urandom) -> None:
    """Make the key of a witness called `name` in `directory`, unless its verifier key is there; durable at the return.

    Raises:
        KeyFileError: as `ensure`.
    """
    try:
        parse_origin(name)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_directory(directory)
        if not (directory / WITNESS_VERIFIER_KEY).exists():
            _make(directory / WITNESS_KEY, _signing_key(random), mode=0o600)
            signer = WitnessSigner(name=name, private_key=_load_signing_key(directory / WITNESS_KEY))
            _make(directory / WITNESS_VERIFIER_KEY, f"{signer.key}\n".encode(), mode=0o644)
        _sync_directory(directory)
    except MalformedError as error:
        raise KeyFileError(f"`{name}` cannot name a witness: {error}") from error
    except OSError as error:
        raise KeyFileError(f"keys cannot be made in `{directory}`: {error.strerror}") from error
    found = load_witness(directory).name
    if found != name:
        raise KeyFileError(f"the keys in `{directory}` are those of the witness `{found}`, not of `{name}`")


def ensure_bundle_key(directory: Path, *, random: Callable[[int], bytes] = os.urandom) -> Ed25519PrivateKey:
    """Return the key that signs published bundles, made where there is none; its public half lies beside it.

    Raises:
        KeyFileError: it cannot be made or trusted.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_directory(directory)
        _make(directory / BUNDLE_KEY, _signing_key(random), mode=0o600)
        key = _load_signing_key(directory / BUNDLE_KEY)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _make(directory / BUNDLE_PUBLIC_KEY, public, mode=0o644)
        _sync_directory(directory)
    except OSError as error:
        raise KeyFileError(f"keys cannot be made in `{directory}`: {error.strerror}") from error
    return key


def ensure_portal_key(directory: Path, *, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """Return the 32 bytes that the auditor portal derives its secrets from, made where there are none.

    Raises:
        KeyFileError: they cannot be made or trusted.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_directory(directory)
        make_secret(directory / PORTAL_KEY, random)
        _sync_directory(directory)
    except OSError as error:
        raise KeyFileError(f"keys cannot be made in `{directory}`: {error.strerror}") from error
    return _load_secret(directory / PORTAL_KEY)


def load_token_key(directory: Path) -> Ed25519PrivateKey:
    """Return the key that signs tokens alone, for who has no business with the others.

    Raises:
        KeyFileError: the file is missing, open to others, not ours, or holds something else.
    """
    return _load_signing_key(directory / TOKEN_KEY)


def load_witness(directory: Path) -> WitnessSigner:
    """Return the witness's key in `directory`, named as the verifier key beside it says.

    Raises:
        KeyFileError: as `load`.
    """
    _refuse_open_directory(directory)
    path = directory / WITNESS_VERIFIER_KEY
    try:
        key = WitnessKey.parse(_read(path, secret=False).decode())
    except (MalformedError, UnicodeDecodeError):
        raise KeyFileError(f"`{path}` is not the verifier key of a witness") from None
    signer = WitnessSigner(name=key.name, private_key=_load_signing_key(directory / WITNESS_KEY))
    if signer.key != key:
        raise KeyFileError(f"`{path}` is not the verifier key of `{WITNESS_KEY}` beside it")
    return signer


def load(directory: Path) -> NodeKeys:
    """Return the keys in `directory`, each checked for owner, mode and form.

    Raises:
        KeyFileError: a file is missing, open to others, not ours, or holds something else.
    """
    _refuse_open_directory(directory)
    return NodeKeys(
        log=_load_log_key(directory),
        token=_load_signing_key(directory / TOKEN_KEY),
        lookup=_load_secret(directory / LOOKUP_KEY),
    )


def make_next_log_key(directory: Path, *, random: Callable[[int], bytes] = os.urandom) -> SigningKey:
    """Return the key that is to sign next, made beside the one that signs now; one that is there already is kept.

    Raises:
        KeyFileError: it cannot be made or trusted.
    """
    try:
        _make(directory / NEXT_LOG_KEY, _signing_key(random), mode=0o600)
    except OSError as error:
        raise KeyFileError(f"keys cannot be made in `{directory}`: {error.strerror}") from error
    return _next_log_key(directory)


def load_next_log_key(directory: Path) -> SigningKey | None:
    """Return the key that is to sign next, or None where none was made.

    Raises:
        KeyFileError: it cannot be trusted.
    """
    return _next_log_key(directory) if (directory / NEXT_LOG_KEY).exists() else None


def adopt_next_log_key(directory: Path) -> None:
    """Put the next key in the place of the one that signed until now, which is no more; durable once it returns.

    The verifier key changes first. A crash after that leaves a directory that `finish_rotation` knows.

    Raises:
        KeyFileError: a file cannot be replaced or trusted.
    """
    line = f"{_next_log_key(directory).verifier}\n".encode()
    try:
        with _draft(directory / LOG_VERIFIER_KEY, line, mode=0o644) as draft:
            draft.rename(directory / LOG_VERIFIER_KEY)
        _sync_directory(directory)
        _replace_log_key(directory)
    except OSError as error:
        raise KeyFileError(f"keys cannot be replaced in `{directory}`: {error.strerror}") from error


def finish_rotation(directory: Path) -> bool:
    """Put the next key in place if the verifier key is its already; return whether that was so.

    Raises:
        KeyFileError: a file cannot be replaced or trusted.
    """
    following = load_next_log_key(directory)
    if following is None or following.verifier != load_verifier(directory):
        return False
    try:
        _replace_log_key(directory)
    except OSError as error:
        raise KeyFileError(f"keys cannot be replaced in `{directory}`: {error.strerror}") from error
    return True


def _replace_log_key(directory: Path) -> None:
    (directory / NEXT_LOG_KEY).rename(directory / LOG_KEY)
    _sync_directory(directory)


def _next_log_key(directory: Path) -> SigningKey:
    private = _load_signing_key(directory / NEXT_LOG_KEY)
    return SigningKey(origin=load_verifier(directory).origin, private_key=private)


def load_verifier(directory: Path) -> VerifierKey:
    """Return the log's verifier key alone, for who has no business with secrets.

    Raises:
        KeyFileError: the file is missing, writable by others, not ours, or holds something else.
    """
    path = directory / LOG_VERIFIER_KEY
    try:
        return VerifierKey.parse(_read(path, secret=False).decode())
    except (MalformedError, UnicodeDecodeError):
        raise KeyFileError(f"`{path}` is not a verifier key") from None


def kek_name(generation: int) -> str:
    """Return the name of the file of a generation of the KEK."""
    return f"kek-{generation:06}.key"


def load_keks(directory: Path) -> dict[int, bytes]:
    """Return every generation of the KEK that is a file in `directory`; for `kek_files`, which is asked by the others.

    Raises:
        KeyFileError: a file is open to others, not ours, or holds something else.
    """
    try:
        names = {int(found[1]): found[0] for path in directory.iterdir() if (found := _KEK.fullmatch(path.name))}
    except OSError as error:
        raise KeyFileError(f"`{directory}` cannot be read: {error.strerror}") from error
    if 1 not in names and (directory / OLD_KEK).is_file():
        names[1] = OLD_KEK
    loaded = {}
    for generation, name in names.items():
        try:
            loaded[generation] = _load_secret(directory / name)
        except KeyFileError:
            if len(names) > 1 and not (directory / name).exists():
                continue  # destroyed while we looked
            raise
    return loaded


def make_secret(path: Path, random: Callable[[int], bytes] = os.urandom) -> None:
    """Make a file of 32 random bytes, durable once this returns, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    make_closed(path, base64.b64encode(random(_SECRET_BYTES)) + b"\n")


def make_closed(path: Path, content: bytes) -> None:
    """Make a file that nobody else reads, whole and durable once this returns, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    _make(path, content, mode=0o600)


def read_closed(path: Path) -> bytes:
    """Return a file that nobody else reads.

    Raises:
        KeyFileError: it is missing, open to others, not ours, or large.
    """
    return _read(path, secret=True)


def _rename_old_kek(directory: Path) -> None:
    """Give the one KEK of earlier versions its number; one rename, so a crash leaves one name or the other."""
    with suppress(FileNotFoundError):  # there is none, or another process was first
        if not (directory / kek_name(1)).exists():
            (directory / OLD_KEK).rename(directory / kek_name(1))


def _load_log_key(directory: Path) -> SigningKey:
    """Return the log's key, named as the verifier key beside it says."""
    private = _load_signing_key(directory / LOG_KEY)
    verifier = load_verifier(directory)
    log = SigningKey(origin=verifier.origin, private_key=private)
    if log.verifier != verifier:
        raise KeyFileError(f"`{directory / LOG_VERIFIER_KEY}` is not the verifier key of `{LOG_KEY}` beside it")
    return log


def _signing_key(random: Callable[[int], bytes]) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(random(_SECRET_BYTES)).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _make(path: Path, content: bytes, *, mode: int) -> None:
    """Make `path` with all of `content`, or leave what is there: whole files appear, and never change."""
    if path.exists():
        return
    with _draft(path, content, mode=mode) as draft, suppress(FileExistsError):
        os.link(draft, path)
    _sync_directory(path.parent)


@contextmanager
def _draft(path: Path, content: bytes, *, mode: int) -> Iterator[Path]:
    """Write a durable file beside `path`, and remove it in the end unless it was renamed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_open_directory(directory: Path) -> None:
    try:
        found = directory.stat()
    except OSError as error:
        raise KeyFileError(f"`{directory}` cannot be read: {error.strerror}") from error
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077 or found.st_uid != os.geteuid():
        raise KeyFileError(f"`{directory}` has mode {mode:04o}; it must be 0700 and belong to who runs this")


def _read(path: Path, *, secret: bool) -> bytes:
    """Return what is in `path`; mode and owner are those of the very file that is read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise KeyFileError(f"`{path}` cannot be read: {error.strerror}") from error
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or len(content) > _LARGEST:
        raise KeyFileError(f"`{path}` must be a small plain file that belongs to who runs this")
    if mode & (0o177 if secret else 0o022):
        raise KeyFileError(f"`{path}` has mode {mode:04o}; it must be {'0600' if secret else '0644'}")
    return content


def _load_signing_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(path, secret=True), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"`{path}` is not an unencrypted private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"`{path}` is not an Ed25519 key")
    return key


def _load_secret(path: Path) -> bytes:
    content = _read(path, secret=True).removesuffix(b"\n")
    try:
        secret = base64.b64decode(content, validate=True)
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES or base64.b64encode(secret) != content:
        raise KeyFileError(f"`{path}` is not base64 of {_SECRET_BYTES} bytes")
    return secret
