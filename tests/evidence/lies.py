"""Ways to tamper with a good log, each with the code and place that docs/evidence-format.md, section 8, gives it.

Every verifier must find every one. Owns what a lie is; the `lies_` modules own the lies about the log that
`sample` builds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.evidence.logs import SIGNER, Log, build

Lie = Callable[[Log], "str | tuple[str, bytes | Brought]"]  # tampers, and returns the place, and what to bring along


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What an auditor brings along, in the words of neither verifier."""

    earlier: bytes | None = None
    at: str | None = None
    witnesses: tuple[bytes, ...] = ()
    receipts: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tampered:
    """A log that was tampered with, and the first thing a verifier must say about it."""

    name: str
    code: str
    where: str
    objects: dict[str, bytes]
    brought: Brought = field(default_factory=Brought)
    key_file: bytes = field(default=SIGNER.key_file)


class Lies(dict[str, tuple[str, Lie]]):
    """Lies by their names, each with its code."""

    def tell(self, code: str) -> Callable[[Lie], Lie]:
        """Add a function as a lie; its name is the lie's."""

        def add(function: Lie) -> Lie:
            self[function.__name__.replace("_", " ")] = code, function
            return function

        return add


def sample() -> Log:
    """Two chains of two segments in the tree, and a heartbeat of each that no checkpoint covers."""
    return build(chains=2, segments=2, records=3, heartbeats=1, checkpoints=2)


def tampered(*all_lies: Lies) -> Iterator[Tampered]:
    """Tell every lie, each about a sample log of its own."""
    for lies in all_lies:
        for name, (code, tell) in lies.items():
            log = sample()
            told = tell(log)
            where, brought = told if isinstance(told, tuple) else (told, Brought())
            brought = Brought(earlier=brought) if isinstance(brought, bytes) else brought
            yield Tampered(name=name, code=code, where=where, objects=log.objects, brought=brought)
