"""A system elsewhere as a store, asked over HTTP in the small protocol that docs/privacy.md describes.

Asks the one address that an operator wrote, follows nothing, and believes an answer only in its form.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from app.pdp.errors import MalformedRequestError
from app.pdp.strict_json import parse
from app.privacy.stores.errors import PendingError, StoreError, UnsupportedError
from app.privacy.stores.identifying import identifiers
from app.privacy.stores.store import Described, Item, Person, PersonalStore
from evidence import authority
from evidence.authority import Answer
from evidence.errors import AuthorityError

DEADLINE: Final = 30.0
"""Seconds that one answer may take."""

LARGEST: Final = 16 << 20
"""Bytes of one answer."""

_MOST_ITEMS: Final = 100_000
_MOST_LEFT: Final = 1_000
_LONGEST: Final = 512  # characters of a place, a category, a reason
_SECRET: Final = 4_096  # bytes of a file
_LEAST_SECRET: Final = 32  # bytes of a secret
_OK, _ACCEPTED, _UNSUPPORTED = 200, 202, 422


class Post(Protocol):
    """Asks one question; see `evidence.authority.post`."""

    def __call__(  # noqa: PLR0913 - what a question is made of
        self, url: str, body: bytes, *, content_type: str, limit: int, deadline: float, headers: Mapping[str, str]
    ) -> Answer:
        """Return the answer, of whatever status; raises `AuthorityError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where a system is, and what it is told.

    Attributes:
        url: of the protocol's root, as `app.alert_targets.post_url` takes it; the operation is added behind a slash.
        secret: the file of what signs questions.
        sends: names of the identifiers that it is told; no others leave the house.
        tenant: whose persons it holds.
    """

    url: str
    secret: Path
    sends: tuple[str, ...]
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpStore:
    """See `PersonalStore`. `key` tells one request from another; the other side does the same one once.

    Attributes:
        said: what it says of itself.
        remote: where it is.
        clock: Unix seconds.
        post: asks.
        key: of idempotency; empty for questions that change nothing.
    """

    said: Described
    remote: Remote
    clock: Callable[[], float]
    post: Post = authority.post
    key: str = field(default="", repr=False)

    @property
    def described(self) -> Described:
        """See `PersonalStore`."""
        return self.said

    def keyed(self, key: str) -> PersonalStore:
        """See `app.privacy.stores.registry.Keyed`."""
        return HttpStore(said=self.said, remote=self.remote, clock=self.clock, post=self.post, key=key)

    def find(self, person: Person) -> int:
        """See `PersonalStore`."""
        return _count(self._ask("find", person))

    def export(self, person: Person) -> Iterator[Item]:
        """See `PersonalStore`."""
        items = self._ask("export", person).get("items")
        if not isinstance(items, list) or len(items) > _MOST_ITEMS:
            raise _odd()
        yield from [_item(each) for each in items]

    def rectify(self, person: Person, changes: Mapping[str, Any]) -> int:
        """See `PersonalStore`."""
        return _count(self._ask("rectify", person, {"changes": dict(changes)}))

    def erase(self, person: Person) -> int:
        """See `PersonalStore`."""
        return _count(self._ask("erase", person))

    def verify(self, person: Person) -> tuple[str, ...]:
        """See `PersonalStore`."""
        left = self._ask("verify", person).get("left")
        if not isinstance(left, list) or len(left) > _MOST_LEFT:
            raise _odd()
        return tuple(_text(each) for each in left)

    def _ask(self, operation: str, person: Person, more: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return the answer to one question; somebody of whom nothing may be sent has nothing there."""
        known = {name: value for name, value in identifiers(person).items() if name in self.remote.sends}
        if not known or person.tenant != self.remote.tenant:
            return {"count": 0, "items": [], "left": []}
        said = {"v": 1, "operation": operation, "person": {"kind": person.kind, "identifiers": known}, **(more or {})}
        body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        stamp = str(int(self.clock()))
        key = hashlib.sha256(f"{self.key}\0{self.said.name}\0{operation}".encode()).hexdigest()
        headers = {"idempotency-key": key, "omega-timestamp": stamp}
        headers["omega-signature"] = f"v1={signature(self._secret(), operation, key, stamp, body)}"
        try:
            answer = self.post(
                f"{self.remote.url.rstrip('/')}/{operation}",
                body,
                content_type="application/json",
                limit=LARGEST,
                deadline=DEADLINE,
                headers=headers,
            )
        except AuthorityError as error:
            raise StoreError("the other system cannot be reached, or sent too much") from error
        return _answered(answer)

    def _secret(self) -> bytes:
        try:
            with self.remote.secret.open("rb") as file:
                secret = file.read(_SECRET).strip()
        except OSError as error:
            raise StoreError("the secret of another system cannot be read") from error
        if len(secret) < _LEAST_SECRET:
            raise StoreError("the secret of another system is shorter than 32 bytes")
        return secret


def signature(secret: bytes, operation: str, key: str, stamp: str, body: bytes) -> str:
    """Return what `omega-signature` says behind `v1=`: hex HMAC-SHA-256 of these, with a line feed between two."""
    said = b"\n".join([b"omega-personal-data/v1", operation.encode(), key.encode(), stamp.encode(), body])
    return hmac.digest(secret, said, "sha256").hex()


def _answered(answer: Answer) -> Mapping[str, Any]:
    if answer.status == _ACCEPTED:
        raise PendingError("the other system has taken it on, and is not done yet")
    if answer.status not in {_OK, _UNSUPPORTED} or answer.content_type != "application/json":
        raise StoreError(f"the other system answered with status {answer.status}")
    try:
        found = parse(answer.body, max_bytes=LARGEST)
    except MalformedRequestError as error:
        raise _odd() from error
    if not isinstance(found, dict):
        raise _odd()
    if answer.status == _UNSUPPORTED:
        raise UnsupportedError(_text(found.get("reason")))
    return found


def _count(found: Mapping[str, Any]) -> int:
    count = found.get("count")
    if type(count) is not int or count < 0:
        raise _odd()
    return count


def _item(value: Any) -> Item:
    if not isinstance(value, dict) or "content" not in value:
        raise _odd()
    return Item(place=_text(value.get("place")), category=_text(value.get("category")), content=value["content"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise _odd()
    return value


def _odd() -> StoreError:
    return StoreError("the other system answered in no form of the protocol")
