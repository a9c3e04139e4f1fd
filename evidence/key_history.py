"""Which key signed what: the keys of a log, one after the other, and the statements that lead from each to the next.

docs/evidence-format.md, section 6. Statements are objects of the store. Where private keys lie is not this
module's business.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evidence import canonical, checkpoint, form, note
from evidence.checkpoint import Checkpoint
from evidence.errors import (
    FindingError,
    MalformedError,
    NotFoundError,
    ObjectTooLargeError,
    ShadowedObjectError,
    SignatureError,
)
from evidence.keys import SigningKey, VerifierKey, parse_origin
from evidence.note import Note
from evidence.store import WormStore
from evidence.tree import EMPTY_ROOT

STATEMENT_KEY = re.compile(r"log/keys/([0-9]{12})\.note")
_PREFIX = "log/keys/"
_MEMBERS = frozenset(
    {"v", "log", "number", "previous", "previous_key", "key", "size", "root", "reason", "time"},
)


class Reason(StrEnum):
    """Why a log got another key."""

    ROTATED = "rotated"
    COMPROMISED = "compromised"


def statement_key(number: int) -> str:
    """Return the store's key of statement `number`, which counts from 1."""
    return f"{_PREFIX}{number:012}.note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """From leaf `size` on, `key` signs what `previous_key` signed until then."""

    number: int
    previous: str  # hash of the statement before, in hex
    previous_key: VerifierKey
    key: VerifierKey
    size: int  # leaves of the tree that the keys before have signed
    root: str  # of these leaves, in hex
    reason: Reason
    time: str

    @property
    def text(self) -> str:
        """Return the text of the note."""
        value = {
            "v": 1,
            "log": self.key.origin,
            "number": self.number,
            "previous": self.previous,
            "previous_key": str(self.previous_key),
            "key": str(self.key),
            "size": self.size,
            "root": self.root,
            "reason": str(self.reason),
            "time": self.time,
        }
        return canonical.encode(value).decode() + "\n"

    @property
    def hash(self) -> str:
        """Return what the next statement names as `previous`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def object_key(self) -> str:
        """Return the store's key of the statement."""
        return statement_key(self.number)

    @classmethod
    def parse(cls, text: str) -> "Statement":
        """Read the text of a note.

        Raises:
            MalformedError: it is no statement.
        """
        if not text.endswith("\n"):
            raise MalformedError("a statement is one line")
        value = form.members(canonical.parse(text[:-1].encode()), _MEMBERS)
        if type(value["v"]) is not int or value["v"] != 1:
            raise MalformedError("not version 1")
        key, previous_key = _key(value["key"]), _key(value["previous_key"])
        if type(value["log"]) is not str or {key.origin, previous_key.origin} != {parse_origin(value["log"])}:
            raise MalformedError("its keys are not of its log")
        if value["reason"] not in list(Reason):
            raise MalformedError("its reason is none")
        return cls(
            number=form.integer(value["number"], least=1),
            previous=form.hash_hex(value["previous"]),
            previous_key=previous_key,
            key=key,
            size=form.integer(value["size"]),
            root=form.hash_hex(value["root"]),
            reason=Reason(value["reason"]),
            time=form.time(value["time"]),
        )


def _key(value: Any) -> VerifierKey:
    if type(value) is not str:
        raise MalformedError("a member is not a verifier key")
    key = VerifierKey.parse(value)
    if str(key) != value:
        raise MalformedError("a verifier key is not in its one form")
    return key


def _parse(data: bytes) -> tuple[Statement, Note]:
    signed = Note.parse_stored(data, signatures=2)
    return Statement.parse(signed.text), signed


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """The keys of one log, the first one first. Without statements there is one."""

    keys: tuple[VerifierKey, ...]
    statements: tuple[Statement, ...] = ()

    @classmethod
    def read(cls, statements: Iterable[bytes], pinned: VerifierKey) -> "KeyHistory":
        """Return the history that `statements`, from the first one on, tell of the log that `pinned` is a key of.

        Raises:
            FindingError: one of them does not hold, or they do not lead to `pinned` or from it.
        """
        history: tuple[Statement, ...] = ()
        for number, data in enumerate(statements, 1):
            where = statement_key(number)
            try:
                statement, signed = _parse(data)
            except MalformedError as error:
                raise FindingError("malformed-statement", where, str(error)) from error
            _check_continued(where, statement, history)
            _check_signatures(where, statement, signed, pinned)
            history = (*history, statement)
        keys = (history[0].previous_key, *[statement.key for statement in history]) if history else (pinned,)
        if pinned not in keys:
            raise FindingError("bad-signature", statement_key(1), "the statements do not speak of the pinned key")
        return cls(keys=keys, statements=history)

    @classmethod
    def load(cls, store: WormStore, pinned: VerifierKey) -> "KeyHistory":
        """Read the history from `store`: what is listed, and what arrived meanwhile.

        Raises:
            FindingError: it does not hold.
            StoreError: the store does not answer.
        """
        found = [int(match[1]) for key in store.keys(_PREFIX) if (match := STATEMENT_KEY.fullmatch(key))]
        return cls.read(_objects(store, max(found, default=0)), pinned)

    @property
    def origin(self) -> str:
        """Return the name of the log."""
        return self.keys[0].origin

    @property
    def newest(self) -> VerifierKey:
        """Return the key that signs from now on."""
        return self.keys[-1]

    def at(self, leaf_index: int) -> VerifierKey:
        """Return the key that signs the seal at `leaf_index` of the tree (from 0; -1 is before the first)."""
        return self.keys[sum(statement.size <= leaf_index for statement in self.statements)]

    def of_checkpoint(self, size: int) -> VerifierKey:
        """Return the key that signs the checkpoint of `size` leaves: the one of its last leaf."""
        return self.at(size - 1)

    def verify(self, signed: Note) -> str:
        """Return the text, once any one key of the history is known to have signed it.

        Raises:
            SignatureError: no key did, or its signature is wrong.
        """
        ids = {(line.name, line.key_id) for line in signed.signatures}
        mine = [key for key in self.keys if (key.origin, key.id) in ids]
        if len(mine) != 1:
            raise SignatureError(f"no one signature of {self.origin}")
        return signed.verify(mine[0])

    def verify_checkpoint(self, data: bytes) -> Checkpoint:
        """Return the checkpoint, once the key that signs checkpoints of its size is known to have signed it.

        Raises:
            MalformedError: the bytes are no checkpoint.
            SignatureError: it is another log's, or that key did not sign it.
        """
        size = Checkpoint.parse(Note.parse(data).text).size
        return checkpoint.verify(data, self.of_checkpoint(size))


class KeysInStore:
    """The keys of a log for who reads on: asks the store at first, and for a note that none known so far signed."""

    def __init__(self, store: WormStore, pinned: VerifierKey) -> None:
        self._store, self._pinned = store, pinned
        self._history: KeyHistory | None = None

    def of(self, data: bytes) -> KeyHistory:
        """Return the history by which to verify the note in `data`.

        Raises:
            MalformedError: it is no note.
            FindingError: the history does not hold.
            StoreError: the store does not answer.
        """
        ids = {line.key_id for line in Note.parse(data).signatures}
        if self._history is None or not ids & {key.id for key in self._history.keys}:
            self._history = KeyHistory.load(self._store, self._pinned)
        return self._history


def rotate(  # noqa: PLR0913 - what a statement says
    old: SigningKey, new: SigningKey, *, history: KeyHistory, head: Checkpoint | None, reason: Reason, time: str
) -> tuple[str, bytes]:
    """Return key and bytes of the statement by which `new` follows `old`, which is the newest key of `history`.

    Args:
        old: signs first.
        new: signs second, which shows that whoever says this has it. Its origin is that of `old`.
        history: as it is now.
        head: the newest checkpoint; it must cover every seal there is. None where there is none.
        reason: why.
        time: in the log's form.
    """
    statement = Statement(
        number=len(history.keys),
        previous=history.statements[-1].hash if history.statements else form.HASH_ZERO,
        previous_key=old.verifier,
        key=new.verifier,
        size=0 if head is None else head.size,
        root=(EMPTY_ROOT if head is None else head.root).hex(),
        reason=reason,
        time=time,
    )
    return statement.object_key, note.sign(statement.text, old, new)


def _objects(store: WormStore, listed: int) -> Iterable[bytes]:
    """Yield every statement: all that were listed, and after them those that are there by now."""
    number = 0
    while True:
        number += 1
        where = statement_key(number)
        try:
            yield store.get(where, limit=note.MAX_NOTE)
        except ObjectTooLargeError as error:
            raise FindingError("malformed-statement", where, "is larger than such an object can be") from error
        except ShadowedObjectError as error:
            raise FindingError("shadowed-object", where, "has several versions, or was deleted") from error
        except NotFoundError as error:
            if number > listed:
                return
            raise FindingError("key-gap", where, "the statement is missing") from error


def _check_continued(where: str, statement: Statement, history: tuple[Statement, ...]) -> None:
    number, previous, previous_key, size = len(history) + 1, form.HASH_ZERO, statement.previous_key, 0
    if history:
        previous, previous_key, size = history[-1].hash, history[-1].key, history[-1].size
    continued = (statement.number, statement.previous, statement.previous_key) == (number, previous, previous_key)
    if not continued or statement.size < size:
        raise FindingError("broken-key-history", where, "does not continue the statement before it")
    ids = [key.id for key in (*[each.previous_key for each in history], previous_key, statement.key)]
    if statement.key.id in ids[:-1]:
        raise FindingError("broken-key-history", where, "brings back a key, or a key id, that was there before")


def _check_signatures(where: str, statement: Statement, signed: Note, pinned: VerifierKey) -> None:
    if statement.key.origin != pinned.origin:
        raise FindingError("bad-signature", where, f"is of the log `{statement.key.origin}`")
    try:
        for key, line in zip((statement.previous_key, statement.key), signed.signatures, strict=True):
            if (line.name, line.key_id) != (key.origin, key.id):
                raise SignatureError(f"a line is not that of the key {key.id.hex()}")  # noqa: TRY301 - one way out
            key.verify(line.value, signed.text.encode())
    except SignatureError as error:
        raise FindingError("bad-signature", where, str(error)) from error
