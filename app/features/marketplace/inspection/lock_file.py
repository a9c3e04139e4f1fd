"""What an artifact depends on, as its own files say: lock files and the METADATA of a wheel.

Reads requirements.txt, uv.lock, poetry.lock and METADATA (PKG-INFO). Pure. Says only what stands there: what a build
really took is not known from them.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from app.features.marketplace.inspection.errors import LockError

MAX_BYTES: Final = 4 << 20
_MAX_DEPTH: Final = 50
_CONTINUED: Final = re.compile(r"\\[ \t]*\r?\n")
_HASH: Final = re.compile(r"\s--hash[= ]\S+")
_BRACKET: Final = re.compile(r"[\[\]{}]")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Dependency:
    """A distribution by its normalised name; `version` is None where it is not pinned."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What a file says: where it stands, and which dependencies. `pinned` where each has one version."""

    path: str
    dependencies: frozenset[Dependency]

    @property
    def pinned(self) -> bool:
        """Tell whether each dependency has a version."""
        return all(each.version is not None for each in self.dependencies)


def kind_of(path: str) -> str | None:
    """Return which kind of file about dependencies `path` is: `uv`, `poetry`, `requirements`, `metadata`; or None."""
    folder, _, name = path.rpartition("/")
    depth = folder.count("/") + 1 if folder else 0
    match name:
        case "uv.lock" | "poetry.lock" if depth <= 1:
            return name.removesuffix(".lock")
        case "requirements.txt" | "requirements.lock" if depth <= 1:
            return "requirements"
        case "METADATA" if folder.endswith(".dist-info") and depth == 1:
            return "metadata"
        case "PKG-INFO" if depth == 1 and not folder.endswith(".egg-info"):
            return "metadata"
    return None


def parse_lock(path: str, data: bytes, *, own: str = "") -> Locked:
    """Return what the file at `path` says; the distribution `own` is the artifact itself, and no dependency of it.

    Raises:
        LockError: it is larger than 4 MiB, or not in its form.
    """
    if len(data) > MAX_BYTES:
        raise LockError("too_large", f"`{path}` has {len(data)} bytes", f"at most {MAX_BYTES} bytes")
    readers = {"uv": _toml, "poetry": _toml, "requirements": _requirements, "metadata": _metadata}
    try:
        found = readers[kind_of(path) or "requirements"](data)
    except (
        InvalidRequirement,
        InvalidVersion,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        MessageError,
        RecursionError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
    ):
        raise LockError("form", f"`{path}` cannot be read", "its form as the tools write it") from None
    mine = canonicalize_name(own)
    return Locked(path=path, dependencies=frozenset(each for each in found if each.name != mine))


def header(data: bytes) -> Mapping[str, list[str]]:
    """Return the fields of a METADATA, by their names in lower case.

    Raises:
        LockError: they are not fields.
    """
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(data[:MAX_BYTES])
        fields: dict[str, list[str]] = {}
        for name, value in message.items():
            fields.setdefault(name.lower(), []).append(str(value).strip())
    except (MessageError, ValueError, UnicodeError, AttributeError, TypeError, IndexError):
        raise LockError("form", "METADATA cannot be read", "core metadata fields") from None
    return fields


def _toml(data: bytes) -> set[Dependency]:
    text = data.decode()
    if _depth(text) > _MAX_DEPTH:
        raise ValueError
    packages: list[dict[str, Any]] = tomllib.loads(text).get("package", [])
    shipped = {each["name"] for each in packages if _is_shipped(each)}
    if (own := next((each for each in packages if _is_own(each)), None)) is not None:
        shipped &= _reached(own, packages)
    return {_named(each["name"], each["version"]) for each in packages if each["name"] in shipped}


def _is_own(package: Mapping[str, Any]) -> bool:
    """Tell whether a package of a uv.lock is the project itself."""
    source = package.get("source", {})
    return any(source.get(kind) in {".", "./"} for kind in ("editable", "virtual", "directory"))


def _is_shipped(package: Mapping[str, Any]) -> bool:
    """Tell whether a package of a poetry.lock is needed to run, and not to develop alone."""
    return "main" in package.get("groups", ["main"]) and package.get("category", "main") == "main"


def _reached(own: Mapping[str, Any], packages: list[dict[str, Any]]) -> set[str]:
    """Return what the project of a uv.lock needs to run, on whichever platform, and what that needs in turn."""
    needs: dict[str, set[str]] = {}
    for each in packages:
        optional = each.get("optional-dependencies", {}).values() if each is not own else ()
        edges = [*each.get("dependencies", ()), *(edge for extra in optional for edge in extra)]
        needs.setdefault(each["name"], set()).update(edge["name"] for edge in edges)
    reached: set[str] = set()
    waiting = [own["name"]]
    while waiting:
        met = needs.get(waiting.pop(), set()) - reached
        reached |= met
        waiting += met
    return reached


def _requirements(data: bytes) -> set[Dependency]:
    found = set()
    for line in _CONTINUED.sub(" ", data.decode()).splitlines():
        text = _HASH.sub("", f" {line}".split(" #", 1)[0]).strip()
        if text and not text.startswith("-"):
            found.add(_required(text))
        elif text.startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable")):
            raise ValueError  # what it says stands elsewhere
    return found


def _metadata(data: bytes) -> set[Dependency]:
    stated = header(data).get("requires-dist", [])
    return {_required(each) for each in stated if not _is_extra(each)}


def _is_extra(text: str) -> bool:
    """Tell whether a requirement is of an extra, which nobody gets who does not ask for it."""
    marker = Requirement(text).marker
    return marker is not None and "extra" in str(marker)


def _required(text: str) -> Dependency:
    asked = Requirement(text)
    pins = [each.version for each in asked.specifier if each.operator in {"==", "==="} and "*" not in each.version]
    return _named(asked.name, pins[0] if len(pins) == 1 else None)


def _named(name: str, version: str | None) -> Dependency:
    return Dependency(name=canonicalize_name(name), version=None if version is None else str(Version(version)))


def _depth(text: str) -> int:
    depth = most = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found[0] in "[{" else -1
        most = max(most, depth)
    return most
