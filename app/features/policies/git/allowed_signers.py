"""Who may sign commits: the file `policies/allowed_signers`, in OpenSSH's form (ssh-keygen(1), ALLOWED SIGNERS). Pure.

    alice@example.org namespaces="git",valid-before="20271231Z" ssh-ed25519 AAAA... laptop

Stricter than OpenSSH, so that a line means one thing everywhere: one principal on a line, without a pattern; a key is
one person's; times are in UTC and say so. Certificate authorities are refused, as who they vouch for stands nowhere.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.features.policies.errors import SignatureError, SignersError
from app.features.policies.git.ssh_signature import NAMESPACE, SshKey, parse_key

MAX_BYTES: Final = 1 << 20
"""Bytes: the largest file there may be."""

_MOST: Final = 5_000
_PRINCIPAL: Final = re.compile(r"[A-Za-z0-9._%+=@-]{1,128}", re.ASCII)
_LINE: Final = re.compile(
    r"(?P<principal>[^\s\"]+)[ \t]+(?:(?P<options>[a-z-]+(?:=\"[^\"]*\")?(?:,[a-z-]+(?:=\"[^\"]*\")?)*)[ \t]+)?"
    r"(?P<type>(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+)[ \t]+(?P<key>[A-Za-z0-9+/]+={0,2})(?:[ \t].*)?",
    re.ASCII | re.IGNORECASE,
)
_OPTION: Final = re.compile(r"([a-z-]+)(?:=\"([^\"]*)\")?", re.ASCII | re.IGNORECASE)
_TIMES: Final = {9: "%Y%m%dZ", 13: "%Y%m%d%H%MZ", 15: "%Y%m%d%H%M%SZ"}
_NAMESPACES: Final = re.compile(r"[a-z][a-z0-9.@-]*(?:,[a-z][a-z0-9.@-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One line: whose key, and from when until when it counts, both included; None: no bound."""

    principal: str
    key: SshKey
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    def valid_at(self, time: datetime) -> bool:
        """Tell whether the line counts at `time`."""
        early = self.valid_after is not None and time < self.valid_after
        return not early and not (self.valid_before is not None and time > self.valid_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedSigners:
    """The file as a value: the lines that count for commits, by the bytes of their key."""

    by_key: dict[bytes, tuple[Signer, ...]]

    def of(self, key: SshKey) -> tuple[Signer, ...]:
        """Return the lines of a key; none: whoever signed with it is not known."""
        return self.by_key.get(key.blob, ())


NOBODY: Final = AllowedSigners(by_key={})
"""What a tree without the file allows."""


def parse_allowed_signers(data: bytes) -> AllowedSigners:
    """Return the signers that `data` allows to sign commits.

    Raises:
        SignersError: it has another form, or says of one key that it is two persons'.
    """
    if len(data) > MAX_BYTES:
        raise SignersError(f"allowed_signers has at most {MAX_BYTES} bytes")
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
        raise SignersError(f"allowed_signers:{line_number}: not ASCII") from None
    found: dict[bytes, tuple[Signer, ...]] = {}
    owners: dict[bytes, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip(" \t\r")
        if not text or text.startswith("#"):
            continue
        try:
            signer, counts = _signer(text)
        except (SignersError, SignatureError) as error:
            raise SignersError(f"allowed_signers:{number}: {error}") from None
        if number > _MOST or owners.setdefault(signer.key.blob, signer.principal) != signer.principal:
            raise SignersError(f"allowed_signers:{number}: too many lines, or a key that is another's already")
        if counts:
            found[signer.key.blob] = (*found.get(signer.key.blob, ()), signer)
    return AllowedSigners(by_key=found)


def format_signer(principal: str, key: SshKey) -> str:
    """Return the line that lets `principal` sign commits with `key`.

    Raises:
        SignersError: `principal` cannot stand there.
    """
    return f'{_principal(principal)} namespaces="{NAMESPACE}" {key.type} {base64.b64encode(key.blob).decode()}\n'


def parse_public_key(text: str) -> SshKey:
    """Return the key of a line as a `.pub` file has it: type, base64, and perhaps a comment.

    Raises:
        SignatureError: it is none, or of a kind that does not count.
    """
    name, _, rest = text.strip().partition(" ")
    try:
        key = parse_key(base64.b64decode(rest.split(" ", 1)[0], validate=True))
    except (binascii.Error, ValueError):
        raise SignatureError("a public key is its type, its base64, and perhaps a comment") from None
    if key.type != name:
        raise SignatureError("the key is of another type than it says")
    return key


def _signer(line: str) -> tuple[Signer, bool]:
    """Return what a line says, and whether it counts for commits."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise SignersError("a line is `principal [options] type key [comment]`")
    options = _options(found["options"] or "")
    spaces = options.get("namespaces", NAMESPACE)
    if not _NAMESPACES.fullmatch(spaces):
        raise SignersError("`namespaces` are names with commas between, without patterns")
    after, before = _time("valid-after", options), _time("valid-before", options)
    if after is not None and before is not None and after > before:
        raise SignersError("`valid-after` is later than `valid-before`")
    signer = Signer(
        principal=_principal(found["principal"]),
        key=parse_public_key(f"{found['type']} {found['key']}"),
        valid_after=after,
        valid_before=before,
    )
    return signer, NAMESPACE in spaces.split(",")


def _principal(text: str) -> str:
    if not _PRINCIPAL.fullmatch(text):
        raise SignersError("a principal is one address, without a pattern and without a comma")
    return text


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in _OPTION.findall(text):
        lowered = name.lower()
        if lowered == "cert-authority":
            raise SignersError("certificate authorities are not taken; list the keys of persons")
        if lowered not in {"namespaces", "valid-after", "valid-before"} or lowered in options or not value:
            raise SignersError("options are namespaces, valid-after, valid-before, each once and with a value")
        options[lowered] = value
    return options


def _time(name: str, options: dict[str, str]) -> datetime | None:
    text = options.get(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, _TIMES[len(text)]).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        raise SignersError(f"`{name}` is a time in UTC: 20271231Z, 202712312359Z or 20271231235959Z") from None
