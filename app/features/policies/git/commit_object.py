"""A commit as Git stores it: what it says, who signed it, and the bytes that the signature is over. Pure.

Stricter than Git: a commit that two readers could read differently is refused, whoever signed it.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from app.features.policies.errors import MalformedCommitError

MAX_BYTES: Final = 1 << 16
"""Bytes: the largest commit there may be."""

_ID: Final = "[0-9a-f]{40}"
_HEADER: Final = re.compile(r"([a-z][a-z0-9-]*) (.*)", re.ASCII | re.DOTALL)
_PERSON: Final = re.compile(r"([^<>\n]*) <([^<>\n]*)> ([0-9]{1,11}) [+-][0-9]{4}", re.ASCII)
_ONCE: Final = ("tree", "author", "committer", "encoding", "gpgsig")
_MOST_PARENTS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitObject:
    """One commit.

    `signature` is the armored text of its `gpgsig` header, None where there is none; `payload` the commit without that
    header, which is what was signed. Names and addresses are what the committer wrote: only a signer is proved.
    """

    id: str
    tree: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    committer: str
    committer_email: str
    authored_at: datetime
    committed_at: datetime
    message: str
    signature: bytes | None = field(repr=False)
    payload: bytes = field(repr=False)


def parse_commit(data: bytes) -> CommitObject:
    """Return the commit in `data`, the content of a Git object.

    Raises:
        MalformedCommitError: it is none, larger than `MAX_BYTES`, not UTF-8, or says something twice.
    """
    if len(data) > MAX_BYTES:
        raise MalformedCommitError(f"a commit has at most {MAX_BYTES} bytes")
    head, blank, message = data.partition(b"\n\n")
    if not blank:
        raise MalformedCommitError("a commit has an empty line after its headers")
    headers = _headers(head + b"\n")
    found = {name: [value for each, value in headers if each == name] for name in (*_ONCE, "parent")}
    for name in _ONCE:
        if len(found[name]) > 1:
            raise MalformedCommitError(f"a commit has one `{name}`")
    if any(name.startswith("gpgsig-") for name, _ in headers):
        raise MalformedCommitError("a commit has one signature")
    parents = tuple(map(_object_id, found["parent"]))
    if len(parents) > _MOST_PARENTS or len(set(parents)) < len(parents):
        raise MalformedCommitError(f"a commit has at most {_MOST_PARENTS} parents, and each once")
    author, committer = _person("author", found["author"]), _person("committer", found["committer"])
    return CommitObject(
        id=object_id(data),
        tree=_object_id((found["tree"] or [""])[0]),
        parents=parents,
        author=author[1],
        author_email=author[2],
        committer=committer[1],
        committer_email=committer[2],
        authored_at=datetime.fromtimestamp(int(author[3]), UTC),
        committed_at=datetime.fromtimestamp(int(committer[3]), UTC),
        message=_text(message),
        signature=found["gpgsig"][0].encode() + b"\n" if found["gpgsig"] else None,
        payload=_unsigned(head + b"\n") + b"\n" + message,
    )


def object_id(data: bytes) -> str:
    """Return the id that Git gives to a commit of these bytes."""
    return hashlib.sha1(b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _headers(head: bytes) -> list[tuple[str, str]]:
    """Return names and values in order; lines that begin with a space continue the value above."""
    headers: list[tuple[str, str]] = []
    for line in _text(head).removesuffix("\n").split("\n"):
        if line.startswith(" ") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value}\n{line[1:]}")
        elif header := _HEADER.fullmatch(line):
            headers.append((header[1], header[2]))
        else:
            raise MalformedCommitError("a line above the empty one is no header")
    return headers


def _unsigned(head: bytes) -> bytes:
    """Return the headers without `gpgsig`, byte for byte."""
    kept, inside = [], False
    for line in head.removesuffix(b"\n").split(b"\n"):
        inside = line.startswith(b"gpgsig ") or (inside and line.startswith(b" "))
        if not inside:
            kept.append(line)
    return b"\n".join([*kept, b""])


def _person(name: str, values: list[str]) -> re.Match[str]:
    found = _PERSON.fullmatch(values[0]) if values else None
    if found is None:
        raise MalformedCommitError(f"`{name}` is no name, address and time")
    return found


def _object_id(text: str) -> str:
    if not re.fullmatch(_ID, text, re.ASCII):
        raise MalformedCommitError("a commit names its tree and its parents by 40 hexadecimal digits")
    return text


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise MalformedCommitError("a commit is UTF-8") from None
    if "\0" in text:
        raise MalformedCommitError("a commit has no zero byte")
    return text
