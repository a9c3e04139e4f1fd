"""Which log a report is of, and how far it had come: what an auditor compares with the log that lies before him."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSpan:
    """What the period has of one chain: the positions and times of its first and last record."""

    chain: str
    retention_class: str
    first: int
    last: int
    first_time: str
    last_time: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "chain": self.chain,
            "class": self.retention_class,
            "first": self.first,
            "last": self.last,
            "first_time": self.first_time,
            "last_time": self.last_time,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """A log as a report found it.

    Attributes:
        checkpoint: number, size and base64 root of the newest one, or None before the first.
        sealed: the newest time at which anything was sealed, or "" where nothing is: how far the log had come.
        chains: in the order of their names.
    """

    name: str
    verifier: str
    checkpoint: tuple[int, int, str] | None
    sealed: str
    chains: tuple[ChainSpan, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        found = self.checkpoint
        newest = None if found is None else {"number": found[0], "size": found[1], "root": found[2]}
        return {
            "name": self.name,
            "verifier_key": self.verifier,
            "checkpoint": newest,
            "sealed": self.sealed,
            "chains": [each.document() for each in self.chains],
        }
