"""What an attacker does to a copy of a log. Each attack changes a folder in place.

Knows the form of the log, as every attacker does; what the verifiers say to it is told elsewhere.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from demo.log_copy import Line, LogCopy
from evidence import canonical, form, journal
from evidence.keys import SigningKey
from evidence.record import leaf
from evidence.sealer import Limits, Sealer
from evidence.stores.local import LocalStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack: what it does, and what section 9 of docs/evidence-format.md says will show it.

    `alone` is what a verifier finds in the log alone, `with_checkpoint` what it finds given a checkpoint that was kept
    elsewhere; empty for nothing.
    """

    words: str
    do: Callable[[LogCopy], None]
    alone: str
    with_checkpoint: str


def attacks(victim: str, kept: int, key: SigningKey) -> list[Attack]:
    """Return all attacks, and first of all none.

    Args:
        victim: the id of a denied decision.
        kept: the number of the checkpoint that was kept elsewhere.
        key: the log's own, for the attacker who stole it.
    """
    return [
        Attack(words="nothing, to compare", do=lambda _: None, alone="", with_checkpoint=""),
        Attack(
            words="one byte flipped in the record of a denied request",
            do=lambda log: flip_byte(log, victim),
            alone="wrong-segment",
            with_checkpoint="wrong-segment",
        ),
        Attack(
            words="that record dropped, its file named after the new hash",
            do=lambda log: drop_record(log, victim),
            alone="missing-segment",
            with_checkpoint="missing-segment",
        ),
        Attack(words="two seals swapped", do=swap_seals, alone="misplaced-seal", with_checkpoint="misplaced-seal"),
        Attack(
            words="the tail cut off: the newest seals, segments, leaves, checkpoints, the kept one among them",
            do=lambda log: log.cut_after(kept - 1),
            alone="",
            with_checkpoint="rollback",
        ),
        Attack(
            words="the deny made an allow, and all signed anew with the log's own key, stolen",
            do=lambda log: rewrite(log, victim, key),
            alone="",
            with_checkpoint="rollback",
        ),
        Attack(
            words="the tail cut off, but only what is newer than the kept checkpoint",
            do=lambda log: log.cut_after(kept),
            alone="",
            with_checkpoint="",
        ),
    ]


def _line(log: LogCopy, decision_id: str) -> Line:
    return next(line for line in log.lines() if line.decision_id == decision_id)


def flip_byte(log: LogCopy, victim: str) -> None:
    """Change one bit of one byte in the middle of a record."""
    line = _line(log, victim)
    data = bytearray(line.file.read_bytes())
    data[data.index(line.data) + len(line.data) // 2] ^= 1
    line.file.write_bytes(data)


def drop_record(log: LogCopy, victim: str) -> None:
    """Remove a record from its segment, and give the file the name that its new hash asks for."""
    line = _line(log, victim)
    data = line.file.read_bytes().replace(line.data + b"\n", b"")
    line.file.unlink()
    number = line.file.name[:12]
    line.file.with_name(f"{number}-{hashlib.sha256(data).hexdigest()}.jsonl").write_bytes(data)


def swap_seals(log: LogCopy) -> None:
    """Exchange two seals that follow each other."""
    first, second = log.seals()[1:3]
    first_data, second_data = first.read_bytes(), second.read_bytes()
    first.write_bytes(second_data)
    second.write_bytes(first_data)


def rewrite(log: LogCopy, victim: str, key: SigningKey) -> None:
    """Turn a deny into an allow, link and seal the whole log anew, and sign it with the log's own key."""
    journals = log.folder.with_name(f"{log.folder.name}-journals")
    chains: dict[str, list[dict[str, Any]]] = {}
    for line in log.lines():
        chains.setdefault(line.record["chain"], []).append(line.record)
    for chain, lines in chains.items():
        _rewrite_chain(journals / chain, lines, victim)
    _replace(log.folder, journals, key, {lines[0]["class"] for lines in chains.values()})


def _rewrite_chain(directory: Path, lines: list[dict[str, Any]], victim: str) -> None:
    directory.mkdir(parents=True)
    (directory / "class").write_text(lines[0]["class"])
    head = form.HASH_ZERO
    with (directory / journal.file_name(0)).open("wb") as file:
        for members in lines:
            if f"{directory.name}-{members['seq']}" == victim:
                members["body"]["result"] |= {"allow": True, "failed": [], "violations": []}
            data = canonical.encode(members | {"prev": head})
            file.write(journal.frame(data, file.tell()))
            head = leaf(data)


def _replace(folder: Path, journals: Path, key: SigningKey, retention_classes: set[str]) -> None:
    """Put a log made of journals in the place of the one in `folder`."""
    folder.rename(folder.with_name(f"{folder.name}-old"))
    store, classes = LocalStore(folder), dict.fromkeys(retention_classes, timedelta(days=2555))
    Sealer(store, journals, key, classes=classes, limits=Limits(count=25)).step(flush=True)
