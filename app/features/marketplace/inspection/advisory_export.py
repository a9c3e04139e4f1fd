"""Advisories as databases export them: files of JSON or YAML in the OSV format, in a directory or a zip.

Such as the archive of one ecosystem from osv.dev, or the files of PyPA's advisory database. Nothing here asks a
network: whoever operates the service brings the export.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from app.features.marketplace.inspection.advisories import MAX_ADVISORIES
from app.features.marketplace.inspection.advisory import Advisory, advisory_of
from app.features.marketplace.inspection.errors import AdvisoryError

MAX_FILE: Final = 4 << 20
_ENDINGS: Final = (".json", ".yaml", ".yml")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the fast one, where it is
    """Reads YAML without references from one part to another."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError
        return super().compose_node(parent, index)


def load_export(path: Path, ecosystems: frozenset[str]) -> dict[str, Advisory]:
    """Return the advisories at `path` (a file, a directory or a zip) that concern one of `ecosystems`, by id.

    Those that were withdrawn are left out; of two with one id, the newer is taken.

    Raises:
        AdvisoryError: it cannot be read, or one of its files is no advisory; the message names the file.
    """
    kept: dict[str, Advisory] = {}
    try:
        for name, data in _files(path):
            if (found := _kept(name, data, ecosystems)) is not None and _newer(found, kept.get(found.id)):
                kept[found.id] = found
            if len(kept) > MAX_ADVISORIES:
                raise AdvisoryError("too_large", f"more than {MAX_ADVISORIES} advisories", f"at most {MAX_ADVISORIES}")
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise AdvisoryError("missing", f"`{path}` cannot be read ({type(error).__name__})", "an export") from None
    if not kept:
        raise AdvisoryError("form", f"`{path}` has no advisory of {', '.join(sorted(ecosystems))}", "an export of OSV")
    return kept


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.suffix in _ENDINGS and each.is_file():
                yield str(each.relative_to(path)), _held(each.name, each.stat().st_size, each.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            for info in opened.infolist():
                if info.filename.endswith(_ENDINGS):
                    with opened.open(info) as stream:
                        yield info.filename, _held(info.filename, info.file_size, stream.read(MAX_FILE + 1))
    else:
        yield path.name, _held(path.name, path.stat().st_size, path.read_bytes())


def _held(name: str, size: int, data: bytes) -> bytes:
    if max(size, len(data)) > MAX_FILE:
        raise AdvisoryError("too_large", f"`{name}` is larger than {MAX_FILE} bytes", "an advisory")
    return data


def _kept(name: str, data: bytes, ecosystems: frozenset[str]) -> Advisory | None:
    try:
        stated = json.loads(data) if name.endswith(".json") else yaml.load(data, Loader=_Loader)  # noqa: S506 - a safe one
        if stated.get("withdrawn"):
            return None
        found = advisory_of(stated)
    except (ValueError, RecursionError, AttributeError, TypeError, yaml.YAMLError, AdvisoryError):
        raise AdvisoryError("form", f"`{name}` is no advisory", "an advisory in the OSV format") from None
    parts = tuple(each for each in found.affected if each.ecosystem in ecosystems)
    return (
        Advisory(
            id=found.id,
            aliases=found.aliases,
            modified=found.modified,
            severity=found.severity,
            summary=found.summary,
            affected=parts,
        )
        if parts
        else None
    )


def _newer(found: Advisory, held: Advisory | None) -> bool:
    return held is None or found.modified > held.modified
