"""One advisory in the OSV format, as far as matching needs it: which versions of which packages it concerns.

A version is concerned if the list of versions names it, or a range contains it. Ranges of commits say nothing here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import semver
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from app.features.marketplace.inspection.errors import AdvisoryError
from app.features.marketplace.inspection.severity import Severity, severity_of

_SUMMARY: Final = 200
_ORDER: Final = {"introduced": 0, "fixed": 1, "last_affected": 2, "limit": 3}
_KINDS: Final = frozenset({"ECOSYSTEM", "SEMVER"})
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_LONGEST: Final = 128

Comparable = Any
"""A version that can be compared with others of its ecosystem."""

Events = tuple[tuple[str, str], ...]
"""What a range says happened, in pairs of kind and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What an advisory says of one package."""

    ecosystem: str
    name: str
    versions: frozenset[str]
    ranges: tuple[Events, ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the versions that mend it."""
        return tuple(version for events in self.ranges for kind, version in events if kind == "fixed")

    def concerns(self, version: str) -> bool:
        """Tell whether `version` is concerned; of one that cannot be compared, the list alone says so."""
        if version in self.versions:
            return True
        read = _READERS.get(self.ecosystem, _semantic)
        if (mine := read(version)) is None:
            return bool(version) and bool(self.ranges)  # nobody can tell: take it for concerned
        if any(mine == read(each) for each in self.versions):
            return True
        return any(_contains(events, mine, read) for events in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """An advisory that was not withdrawn. `modified` is in Unix seconds."""

    id: str
    aliases: tuple[str, ...]
    modified: int
    severity: Severity
    summary: str
    affected: tuple[Affected, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; `advisory_of` gives it again."""
        return {
            "id": self.id,
            "aliases": list(self.aliases),
            "modified": self.modified,
            "rated": self.severity.value,
            "summary": self.summary,
            "affected": [
                {
                    "package": {"ecosystem": each.ecosystem, "name": each.name},
                    "versions": sorted(each.versions),
                    "ranges": [{"type": "ECOSYSTEM", "events": [dict([pair]) for pair in one]} for one in each.ranges],
                }
                for each in self.affected
            ],
        }


def advisory_of(stated: Mapping[str, Any]) -> Advisory:
    """Return the advisory in `stated`: as OSV exports it, or as a snapshot keeps it.

    Raises:
        AdvisoryError: it is none.
    """
    try:
        aliases = stated.get("aliases") or ()
        if not _ID.fullmatch(stated["id"]):
            raise AdvisoryError("form", "an advisory without its id", "an advisory in the OSV format")
        return Advisory(
            id=stated["id"],
            aliases=tuple(sorted(each for each in aliases if _ID.fullmatch(each))),
            modified=_time(stated["modified"]),
            severity=Severity(stated["rated"]) if "rated" in stated else severity_of(stated.get("severity") or ()),
            summary=str(stated.get("summary") or "")[:_SUMMARY],
            affected=tuple(map(_affected, stated.get("affected") or ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise AdvisoryError("form", "no advisory", "an advisory in the OSV format") from None


def _affected(stated: Mapping[str, Any]) -> Affected:
    package = stated.get("package") or {"ecosystem": "", "name": ""}
    ecosystem, name = str(package["ecosystem"]), str(package["name"])
    ranges = [each for each in stated.get("ranges") or () if each["type"] in _KINDS]
    return Affected(
        ecosystem=ecosystem,
        name=canonicalize_name(name) if ecosystem == "PyPI" else name,
        versions=frozenset(str(each) for each in stated.get("versions") or ()),
        ranges=tuple(_events(each["events"]) for each in ranges),
    )


def _events(stated: Sequence[Mapping[str, Any]]) -> Events:
    return tuple((kind, str(event[kind])) for event in stated for kind in _ORDER if kind in event)


def _time(stated: Any) -> int:
    if isinstance(stated, int):
        return stated
    read = stated if isinstance(stated, datetime) else datetime.fromisoformat(stated)
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())


def _contains(events: Events, version: Comparable, read: Callable[[str], Comparable]) -> bool:
    """Tell whether a range contains `version`: it begins where it is introduced, and ends where it is fixed."""
    placed = [(kind, _ORDER[kind], None if at == "0" else read(at)) for kind, at in events if at != "*"]
    if any(at is None and kind != "introduced" for kind, _, at in placed):
        return True  # a bound that nobody can read: take it for concerned
    begun = [each for each in placed if each[2] is None]
    inside = bool(begun)
    for kind, _, at in sorted((each for each in placed if each[2] is not None), key=lambda each: (each[2], each[1])):
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind in {"fixed", "limit"} and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside


def _python(text: str) -> Comparable:
    try:
        return Version(text) if len(text) <= _LONGEST else None
    except InvalidVersion:
        return None


def _semantic(text: str) -> Comparable:
    try:
        return semver.Version.parse(text.removeprefix("v")) if len(text) <= _LONGEST else None
    except (ValueError, TypeError):
        return None


_READERS: Final[Mapping[str, Callable[[str], Comparable]]] = {"PyPI": _python}
