"""The request that a record keeps, sealed in it or beside it: its parts, whose they are, and how they come together.

Handed the keys; knows not where they are kept. Blocking where a part lies beside the record.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.pdp.request import join
from app.privacy.detached import Detached, verify_references
from app.privacy.errors import KeyDestroyedError, SealedBlockError
from app.privacy.sealed_block import SubjectKey
from evidence.record import Position, Record

CONCERNED: Final = ("subject", "resource")
"""Whose the first and the second part of a request are."""


def parts(record: Record) -> tuple[Mapping[str, Any], ...]:
    """Return the parts of the request of a decision: blocks in it, or references to payloads beside it.

    Each names the pseudonym (`subject`) and the key (`kid`) that it is sealed under.

    Raises:
        SealedBlockError: the record has not the parts of a request.
    """
    kept = verify_references(record.body["payloads"]) if "payloads" in record.body else tuple(record.sealed)
    if not 1 <= len(kept) <= len(CONCERNED):
        raise SealedBlockError("the record has not the parts of a request")
    return kept


def opened(record: Record, keys: Sequence[SubjectKey | None], payloads: Detached | None) -> bytes:
    """Return the request of a record, put together if the resource's part is under a key of its own.

    `keys` are those of its parts, None for one that was destroyed. Without `payloads` nothing beside it can be had.

    Raises:
        KeyDestroyedError: a part of it cannot be opened any more.
        SealedBlockError: a part is not what was sealed.
        ObjectsError: a part beside the record cannot be had; `ObjectGoneError`, it was deleted.
    """
    kept, origin = parts(record), record.orphan_of  # of a record carried over: where its blocks were sealed for
    sealed_for = Position(chain=origin["chain"], seq=origin["seq"]) if origin else record.position
    texts = []
    for index, (part, key) in enumerate(zip(kept, keys, strict=True)):
        if key is None:
            raise KeyDestroyedError(f"the {CONCERNED[index]}'s key was destroyed")
        if "payloads" not in record.body:
            texts.append(key.open(part, place=(sealed_for.decision_id, index)))
        elif payloads is None:
            raise SealedBlockError("the request is kept beside the record, and not at hand")
        else:
            texts.append(payloads.open(key, part))
    return texts[0] if len(texts) == 1 else join(*texts)
