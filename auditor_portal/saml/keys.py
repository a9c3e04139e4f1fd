"""The portal's own SAML keys: made once, kept as files that nobody else can read, changed in steps.

Owns `keys/saml*.pem`, each a private key and its certificate in one file, so that neither is ever without the other.
The current key signs. What was encrypted for the next or the previous one is deciphered too, and all three stand in
the metadata: a provider that reads it once in a while never meets a key that it does not know.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

CURRENT: Final = "saml.pem"
NEXT: Final = "saml.next.pem"
PREVIOUS: Final = "saml.previous.pem"

_BITS: Final = 3_072
_YEARS: Final = 10
_LARGEST: Final = 32_768


class SamlKeyError(Exception):
    """A key file cannot be made or trusted; the portal must not start. The message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlKey:
    """A private key and its certificate."""

    private: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        """The private key as PEM text (PKCS #8), which goes to the first verifier alone."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlKeys:
    """The key that signs, and the others that are published and decipher."""

    current: SamlKey
    others: tuple[SamlKey, ...] = ()

    @property
    def published(self) -> tuple[SamlKey, ...]:
        """All of them, the one that signs first."""
        return (self.current, *self.others)


def new_key(name: str, now: float, *, make: Callable[[], rsa.RSAPrivateKey] | None = None) -> SamlKey:
    """Make a key and its certificate, which vouches for nothing: a provider trusts it because it is in our metadata.

    Args:
        name: whose it is.
        now: Unix seconds.
        make: makes the private key.
    """
    private = make() if make else rsa.generate_private_key(65_537, _BITS)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    since = datetime.fromtimestamp(int(now), UTC) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=365 * _YEARS))
        .sign(private, hashes.SHA256())
    )
    return SamlKey(private=private, certificate=certificate)


def open_keys(directory: Path, now: float) -> SamlKeys:
    """Return the keys in `directory`; the current one is made where there is none. Several processes may do so at once.

    Raises:
        SamlKeyError: a file cannot be made or read, is no key with its certificate, or is open to others.
    """
    with _translated(directory / CURRENT):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / CURRENT).exists():
            _write(directory / CURRENT, new_key("auditor portal", now), replace=False)
    others = tuple(_read(directory / name) for name in (NEXT, PREVIOUS) if (directory / name).exists())
    return SamlKeys(current=_read(directory / CURRENT), others=others)


def prepare(directory: Path, now: float) -> SamlKey:
    """Make the next key, which is published from now on and does not sign yet; one that is there is kept.

    Raises:
        SamlKeyError: see `open_keys`.
    """
    with _translated(directory / NEXT):
        if not (directory / NEXT).exists():
            _write(directory / NEXT, new_key("auditor portal", now), replace=False)
    return _read(directory / NEXT)


def roll(directory: Path) -> SamlKeys:
    """Have the next key sign; the one that did is the previous one from now on. Again, after a crash, goes on.

    Raises:
        SamlKeyError: there is no next key; see `open_keys`.
    """
    following, current = _read(directory / NEXT), _read(directory / CURRENT)
    with _translated(directory / CURRENT):
        if following.certificate != current.certificate:
            _write(directory / PREVIOUS, current, replace=True)
            _write(directory / CURRENT, following, replace=True)
        (directory / NEXT).unlink()
    return SamlKeys(current=following, others=(_read(directory / PREVIOUS),))


def forget(directory: Path) -> None:
    """Have the previous key be published and decipher no more.

    Raises:
        SamlKeyError: it cannot be removed.
    """
    with _translated(directory / PREVIOUS):
        (directory / PREVIOUS).unlink(missing_ok=True)


def _write(path: Path, key: SamlKey, *, replace: bool) -> None:
    """Have the whole file under its name, or nothing; durable once this returns."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write((key.private_pem + key.certificate_pem).encode())
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(draft).replace(path)
        else:
            with suppress(FileExistsError):  # another process was first: its key is the key
                path.hardlink_to(draft)
    finally:
        Path(draft).unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> SamlKey:
    with _translated(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & 0o077:
                raise SamlKeyError(f"`{path.name}` can be read by others: its mode has to be 0600")
            text = file.read(_LARGEST)
        private = load_pem_private_key(text, password=None)
        certificate = x509.load_pem_x509_certificate(text)
        if not isinstance(private, rsa.RSAPrivateKey) or certificate.public_key() != private.public_key():
            raise ValueError("another key's certificate")
        return SamlKey(private=private, certificate=certificate)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError) as error:
        raise SamlKeyError(f"`{path.name}` cannot be used: {type(error).__name__}") from None
