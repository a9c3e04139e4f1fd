"""A bill of materials in CycloneDX (1.4 to 1.6, JSON): what it lists, once it is valid.

Validated by the schemas that come with cyclonedx-python-lib, compiled once; the validator of that library takes half a
minute for a hundred components, which is a way to stop the service. Pure. What is missing from a bill, `bom_check`
finds.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jsonschema_rs
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from app.features.marketplace.inspection.errors import BomError
from app.features.marketplace.inspection.json_input import parsed

MAX_BYTES: Final = 8 << 20
MAX_DEPTH: Final = 64
MAX_COMPONENTS: Final = 20_000
VERSIONS: Final = ("1.4", "1.5", "1.6")
ECOSYSTEMS: Final = {"pypi": "PyPI", "npm": "npm", "cargo": "crates.io", "golang": "Go"}
"""How a database of advisories calls the types of packages of a purl."""

_SHA256: Final = "SHA-256"
_LINKED: Final = ("spdx", "jsf-0.82")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Component:
    """What a bill lists. `name` is normalised for PyPI; `ecosystem` is "" where no purl says it, `version` likewise.

    `licences` are texts as stated: ids, names and expressions (SPDX).
    """

    ecosystem: str
    name: str
    version: str
    purl: str = ""
    licences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bom:
    """A valid bill. `subject` is the hex SHA-256 of what it says it is of, None where it does not say."""

    version: str
    subject: str | None
    components: tuple[Component, ...]
    document: dict[str, Any]


def parse_bom(data: bytes) -> Bom:
    """Return the bill in `data`.

    Raises:
        BomError: `too_large` (8 MiB, 20,000 components), `too_deep` (64), no strict JSON, `version` (not 1.4 to 1.6 of
            CycloneDX), `schema`.
    """
    document = parsed(data, BomError, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    version = document.get("specVersion")
    if document.get("bomFormat") != "CycloneDX" or version not in VERSIONS:
        raise BomError("version", "another format or version", f"CycloneDX {VERSIONS[0]} to {VERSIONS[-1]}")
    if (broken := next(_validator(version).iter_errors(document), None)) is not None:
        raise BomError("schema", f"{broken.kind.name} at depth {len(broken.instance_path)}", f"CycloneDX {version}")
    listed = []
    for each in _walk(document.get("components", ())):
        listed.append(_component(each))
        if len(listed) > MAX_COMPONENTS:
            raise BomError("too_large", f"more than {MAX_COMPONENTS} components", f"at most {MAX_COMPONENTS}")
    main = document.get("metadata", {}).get("component", {})
    return Bom(
        version=version,
        subject=_sha256(main),
        components=(*listed, *map(_component, _walk(main.get("components", ())))),
        document=document,
    )


@cache
def _validator(version: str) -> jsonschema_rs.Draft7Validator:
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", _schema(name)) for name in _LINKED]
    )
    return jsonschema_rs.Draft7Validator(
        _schema(f"bom-{version}"), registry=registry, pattern_options=jsonschema_rs.FancyRegexOptions(), offline=True
    )


def _schema(name: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((files("cyclonedx.schema") / "_res" / f"{name}.SNAPSHOT.schema.json").read_text())
    return held


def _walk(components: Any) -> Iterator[dict[str, Any]]:
    waiting = list(components)
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.get("components", ())


def _component(stated: dict[str, Any]) -> Component:
    kind, name, version = _of_purl(stated.get("purl", ""))
    ecosystem = ECOSYSTEMS.get(kind, kind)
    name = name or "/".join(filter(None, (stated.get("group"), stated["name"])))
    return Component(
        ecosystem=ecosystem,
        name=canonicalize_name(name) if ecosystem in {"", "PyPI"} else name,
        version=version or stated.get("version", ""),
        purl=stated.get("purl", ""),
        licences=tuple(filter(None, map(_licence, stated.get("licenses", ())))),
    )


def _of_purl(purl: str) -> tuple[str, str, str]:
    """Return type, name with its namespace, and version; empty where there is no purl, or none that can be read."""
    if not purl:
        return "", "", ""
    try:
        found = PackageURL.from_string(purl)
    except ValueError:
        return "", "", ""
    return found.type, "/".join(filter(None, (found.namespace, found.name))), found.version or ""


def _licence(stated: dict[str, Any]) -> str:
    if "expression" in stated:
        return str(stated["expression"])
    named = stated.get("license", {})
    return str(named.get("id") or named.get("name") or "")


def _sha256(component: dict[str, Any]) -> str | None:
    found = [each["content"].lower() for each in component.get("hashes", ()) if each["alg"] == _SHA256]
    return found[0] if len(found) == 1 else None
