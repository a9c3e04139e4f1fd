"""Known vulnerabilities, as the OSV format states them, and which of them concern a component.

Owns the snapshot: one file, compressed, one advisory on a line, under a head that says what it is and how old. Pure but
for reading and writing that file; where advisories come from is `advisory_export`'s business, and nothing here asks a
network. Source of the matching rule: https://ossf.github.io/osv-schema/#evaluation
"""

import gzip
import hashlib
import io
import json
import secrets
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from app.features.marketplace.inspection.advisory import Advisory, Affected, advisory_of
from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.errors import AdvisoryError
from app.features.marketplace.inspection.severity import Severity, worst

FORMAT: Final = "omega-advisories-1"
MAX_UNPACKED: Final = 1 << 30
MAX_ADVISORIES: Final = 1_000_000
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A vulnerability of a component: its ids of all databases, the first of them its name here."""

    id: str
    ids: tuple[str, ...]
    severity: Severity
    component: Component
    summary: str
    fixed: tuple[str, ...]


class Advisories:
    """A snapshot, indexed by package.

    Attributes:
        digest: hex SHA-256 of the file it was read from.
        made_at: when the snapshot was made, Unix seconds.
        newest: when the newest advisory in it was modified, Unix seconds; 0 where there is none.
        count: how many advisories.
    """

    def __init__(self, advisories: Iterable[Advisory], *, made_at: int, newest: int, digest: str = "") -> None:
        self.made_at, self.newest, self.digest, self.count = made_at, newest, digest, 0
        self._by: dict[tuple[str, str], list[tuple[Advisory, Affected]]] = {}
        for each in advisories:
            self.count += 1
            for part in each.affected:
                self._by.setdefault((part.ecosystem, part.name), []).append((each, part))
        self._ecosystems = frozenset(ecosystem for ecosystem, _ in self._by)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the snapshot in `data`.

        Raises:
            AdvisoryError: it is none.
        """
        lines = _unpacked(data).splitlines()
        head = _object(lines[0]) if lines else {}
        match head:
            case {"format": str(name), "made_at": int(made_at), "newest": int(newest), "count": int(count)}:
                if name != FORMAT or count != len(lines) - 1:
                    raise AdvisoryError("form", "another format, or a part of a snapshot", FORMAT)
            case _:
                raise AdvisoryError("form", "a file without its head", FORMAT)
        made = (advisory_of(_object(line)) for line in lines[1:])
        return cls(made, made_at=made_at, newest=newest, digest=hashlib.sha256(data).hexdigest())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the snapshot at `path`.

        Raises:
            AdvisoryError: there is none, or it is none.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AdvisoryError(
                "missing", f"no snapshot ({error.strerror})", "omega market advisories update"
            ) from None
        return cls.parse(data)

    def age_days(self, now: int) -> int:
        """Return how many whole days the newest advisory is old at `now` (Unix seconds), 0 or more."""
        return max(0, now - self.newest) // _DAY

    def covers(self, component: Component) -> bool:
        """Tell whether advisories of its ecosystem are known at all, and its version is."""
        return component.ecosystem in self._ecosystems and bool(component.version)

    def of(self, component: Component) -> tuple[Vulnerability, ...]:
        """Return the vulnerabilities of `component`; those that are one by their aliases, once."""
        key = (component.ecosystem, component.name)
        hits = [(each, part) for each, part in self._by.get(key, ()) if part.concerns(component.version)]
        return tuple(_joined(group, component) for group in _grouped(hits))


def packed(advisories: Mapping[str, Advisory], *, made_at: int) -> bytes:
    """Return a snapshot of `advisories`; the same ones at the same time are the same bytes."""
    newest = max((each.modified for each in advisories.values()), default=0)
    head = {"format": FORMAT, "made_at": made_at, "newest": newest, "count": len(advisories)}
    lines = [head, *(each.document() for _, each in sorted(advisories.items()))]
    text = "\n".join(json.dumps(line, separators=(",", ":"), sort_keys=True) for line in lines)
    return gzip.compress(text.encode(), 9, mtime=0)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all.

    Raises:
        AdvisoryError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise AdvisoryError("unwritable", f"not written ({error.strerror})", "a place that can be written to") from None


def shown_date(seconds: int) -> str:
    """Return a time as a date (UTC)."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _grouped(hits: list[tuple[Advisory, Affected]]) -> list[list[tuple[Advisory, Affected]]]:
    """Return `hits` in groups that share an id or an alias, by id."""
    groups: list[tuple[set[str], list[tuple[Advisory, Affected]]]] = []
    for advisory, part in sorted(hits, key=lambda hit: hit[0].id):
        ids = {advisory.id, *advisory.aliases}
        met = [group for group in groups if not group[0].isdisjoint(ids)]
        groups = [group for group in groups if group[0].isdisjoint(ids)]
        joined = [hit for _, each in met for hit in each]
        groups.append((ids.union(*(known for known, _ in met)), [*joined, (advisory, part)]))
    return [group for _, group in groups]


def _joined(group: list[tuple[Advisory, Affected]], component: Component) -> Vulnerability:
    first = group[0][0]
    return Vulnerability(
        id=first.id,
        ids=tuple(sorted({name for each, _ in group for name in (each.id, *each.aliases)})),
        severity=worst(each.severity for each, _ in group),
        component=component,
        summary=next((each.summary for each, _ in group if each.summary), ""),
        fixed=tuple(sorted({version for _, part in group for version in part.fixed})),
    )


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            text = stream.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error):
        raise AdvisoryError("form", "no compressed file", FORMAT) from None
    if len(text) > MAX_UNPACKED:
        raise AdvisoryError("too_large", f"more than {MAX_UNPACKED} bytes", f"at most {MAX_UNPACKED}")
    return text


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise AdvisoryError("form", "a line that is no advisory", FORMAT)
    return value
