"""What a person gets of themselves: what each store holds, as lines of JSON, and one archive of all, signed.

Everything lies sealed under the person's own key, as detached payloads of class `export`, for seven days. Owns the form
of the archive.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from app.features.dsr.running import receipts
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.rows import RunStepRow
from app.features.dsr.running.third_parties import Detector, own_values, without_others
from app.privacy.detached import EXPORTS, MAX_PAYLOADS, Detached
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import MAX_PAYLOAD, SubjectKey
from app.privacy.stores.errors import UnsupportedError
from app.privacy.stores.registry import Registry
from app.privacy.stores.store import Described, Item, Person
from app.reporting.archive import Archive
from evidence import note
from evidence.keys import SigningKey

KEPT: Final = 7 * 24 * 3_600
"""Seconds for which an archive is there."""

_PIECE: Final = MAX_PAYLOAD - 4_096
_README: Final = """\
What we hold about you. Made by request {request}.

data/          what each place holds: one line of JSON for each thing, with where it stands and of which category
stores.json    each place: what it is for, who gets the data, how long they are kept, and how many things there are
accesses.json  who was let see what of you, and when: each was a decision, and stands in our log under its id;
               `whole` is false where older ones were left out
receipts/      what each place has done for this request, signed by the key of our log
SHA256SUMS     the hashes of the files above, as `sha256sum --check` reads them
SHA256SUMS.note  their hash, signed by the key of our log, which is in log.vkey

{others}
"""
_OTHERS: Final = {
    True: "Where a text named somebody else, or held an address or a number of theirs, you read so in their place.",
    False: """\
Where a text held an address or a number of somebody else, you read so in its place. Nobody looked for names in these
texts: they may name others.""",
}


class Exports:
    """The exports of one node. Raises `KeyStoreError` and `ObjectsError` if keys or payloads cannot be had."""

    def __init__(self, table: KeyTable, detached: Detached, lookup_key: bytes, *, detector: Detector) -> None:
        """Seal under keys of `table`; `detached` takes payloads; `detector` finds other persons."""
        self._table, self._detached, self._lookup_key, self._detector = table, detached, lookup_key, detector

    def part(self, person: Person, items: Iterable[Item]) -> tuple[list[dict[str, Any]], int]:
        """Keep what one store holds of a person, without others; return the references, and how many things it is.

        Raises:
            UnsupportedError: it is more than an archive takes.
        """
        held = list(items)
        own = own_values(person, held)
        lines = []
        for each in held:
            item, others = without_others(each, own, self._detector)
            said = asdict(item) | ({"others_taken_out": others} if others else {})
            lines.append(json.dumps(said, ensure_ascii=False, sort_keys=True) + "\n")
        return self.keep(person, "".join(lines).encode()), len(held)

    @property
    def others(self) -> str:
        """Return what the person is told of how others were taken out."""
        return _OTHERS[self._detector.names]

    def rest(self) -> None:
        """Let go of what is needed only while exports are made."""
        self._detector.rest()

    def keep(self, person: Person, data: bytes) -> list[dict[str, Any]]:
        """Keep bytes under the key of a person, and return the references.

        Raises:
            UnsupportedError: they are more than a record can name.
        """
        pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
        if len(pieces) > MAX_PAYLOADS:
            raise UnsupportedError("this is more than one archive takes; it has to be handed over another way")
        lookup = lookup_of(self._lookup_key, person.tenant, person.kind, person.id)
        key = self._table.load([lookup])[1][lookup] if pieces else None
        if pieces and not isinstance(key, SubjectKey):
            raise key if isinstance(key, Exception) else RunError("keys", "the person has no key")
        return [self._detached.keep(key, piece, EXPORTS) for piece in pieces if isinstance(key, SubjectKey)]

    def open(self, references: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the bytes that were kept.

        Raises:
            RunError: `keys`, the person's key was destroyed.
            ObjectGoneError: their time has ended.
        """
        data = bytearray()
        for each in references:
            key = self._table.find(each["subject"], each["kid"])
            if key is None:
                raise RunError("keys", "the person was erased since, and what was made for them with them")
            data += self._detached.open(key, each)
        return bytes(data)

    def delete(self, references: Iterable[Mapping[str, Any]]) -> int:
        """Delete payloads, and return how many were there. Again does no harm."""
        return sum([self._detached.delete(each) for each in references])


def archive(
    request: str,
    steps: Sequence[RunStepRow],
    said: Mapping[str, Any],
    exports: Exports,
    key: SigningKey,
) -> bytes:
    """Return the archive of a request whose stores have all done their step; the same parts give the same bytes.

    Args:
        request: its id.
        steps: what each store has done.
        said: what else is told, as JSON values by the name of its file.
        exports: opens what is kept under references.
        key: signs.
    """
    file = io.BytesIO()
    with Archive(file) as made:
        for each in steps:
            if each.parts:
                made.add(f"data/{each.store}.jsonl", exports.open(each.parts))
        for each in steps:
            if each.statement:
                made.add(f"receipts/{each.store}.note", each.statement.encode())
        for name, value in said.items():
            made.add(name, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())
        made.add("README.txt", _README.format(request=request, others=exports.others).encode())
        made.add("log.vkey", f"{key.verifier}\n".encode())
        made.add("SHA256SUMS", made.manifest())
        statement = receipts.export_statement(key.origin, request, made.hashes["SHA256SUMS"])
        made.add("SHA256SUMS.note", note.sign(statement, key))
    return file.getvalue()


def told_of(step: RunStepRow, registry: Registry) -> dict[str, Any]:
    """Return what article 15(1) has a person know of one store."""
    store = registry.of(step.store)
    described: Described | None = None if store is None else store.described
    said: dict[str, Any] = {} if described is None else asdict(described)
    return said | {"name": step.store, "things": step.count, "reason": step.reason}
