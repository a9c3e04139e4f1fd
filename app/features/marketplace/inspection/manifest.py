"""The manifest of an agent: what its developer declares of one version, as a strict JSON document.

Owns its meaning, and the runtime manifest that a deployer is handed. Pure. Whether what is declared is true, `observed`
and `inspecting` look into; whether it is enough, policies say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs

from app.features.marketplace.inspection.contract_form import compiled
from app.features.marketplace.inspection.errors import ManifestError
from app.features.marketplace.inspection.json_input import parsed
from app.features.marketplace.inspection.manifest_form import FORM
from app.pdp.strict_json import encode

MAX_BYTES: Final = 256 << 10
MAX_DEPTH: Final = 32
_PORT: Final = 443
_MAX_PORT: Final = 65_535
_FORM: Final = jsonschema_rs.Draft202012Validator(FORM, pattern_options=jsonschema_rs.RegexOptions(), offline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret by its reference: the value is never part of a manifest, nor of an artifact."""

    name: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is declared of a version. `input` and `output` are JSON Schemas (draft 2020-12), `hosts` `name[:port]`."""

    name: str
    version: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    tools: tuple[str, ...]
    hosts: tuple[str, ...]
    secrets: tuple[Secret, ...]
    environment: tuple[str, ...]
    subprocess: bool
    data_classes: tuple[str, ...]
    licence: str
    document: Mapping[str, Any]

    @property
    def training_declared(self) -> bool:
        """Tell whether the origin of the training data is declared: of a trained model, at least one source."""
        said = self.document["training_data"]
        return bool(said["sources"]) if said["trained"] else True

    @property
    def gdpr_declared(self) -> bool:
        """Tell whether it is declared how personal data are handled; who handles some says in which role and why."""
        said = self.document["privacy"].get("gdpr")
        if said is None:
            return False
        personal = said["personal_data"] or not {"personal", "special_category", "health"}.isdisjoint(self.data_classes)
        stated = said.get("role", "none") != "none" and said.get("purposes") and "retention_days" in said
        return not personal or bool(said["personal_data"] and stated)

    @property
    def ccpa_declared(self) -> bool:
        """Tell whether it is declared if personal information is sold or shared."""
        return "ccpa" in self.document["privacy"]

    def runtime(self, digest: str) -> dict[str, Any]:
        """Return what a deployer is handed with the artifact `digest`: nothing that is not declared is reachable.

        Secrets are references, which the deployer resolves; the network is closed but for the hosts listed.
        """
        limits = {name: self.document["runtime"].get(name) for name in ("memory_mib", "timeout_seconds")}
        return {
            "agent": self.name,
            "version": self.version,
            "artifact": digest,
            "entrypoint": self.document["runtime"]["entrypoint"],
            "network": {"policy": "strict", "egress": [_endpoint(host) for host in self.hosts]},
            "secrets": [{"name": each.name, "reference": each.reference} for each in self.secrets],
            "environment": list(self.environment),
            "tools": list(self.tools),
            "subprocess": self.subprocess,
            "limits": {name: limit for name, limit in limits.items() if limit is not None},
        }


def parse_manifest(data: bytes) -> Manifest:
    """Return the manifest in `data`.

    Raises:
        ManifestError: it is larger than 256 KiB, nested deeper than 32, no strict JSON, or not in its form.
    """
    return manifest_of(parsed(data, ManifestError, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH))


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """Return the manifest that is kept as `document`, an object of JSON values within the limits of `parse_manifest`.

    Raises:
        ManifestError: it is none.
    """
    _hold(dict(document))
    can = document["capabilities"]
    return Manifest(
        name=document["name"],
        version=document["version"],
        input=_schema(document, "input"),
        output=_schema(document, "output"),
        tools=tuple(sorted(can["tools"])),
        hosts=tuple(sorted(can["hosts"])),
        secrets=tuple(Secret(**each) for each in can["secrets"]),
        environment=tuple(sorted(can.get("environment", ()))),
        subprocess=can.get("subprocess", False),
        data_classes=tuple(sorted(document["data_classes"])),
        licence=document["licence"],
        document=document,
    )


def _hold(document: dict[str, Any]) -> None:
    try:
        encode(document)
        broken = next(_FORM.iter_errors(document), None)
    except (ValueError, TypeError):
        raise ManifestError("form", "a value that JSON has not", "the form of a manifest") from None
    if broken is not None:
        place = "/".join(str(each) for each in _known(broken.instance_path)) or "the whole"
        raise ManifestError("form", f"`{place}`: {broken.kind.name}", "the form of a manifest")
    secrets = [each["name"] for each in document["capabilities"]["secrets"]]
    if len(secrets) != len(set(secrets)):
        raise ManifestError("form", "two secrets of one name", "each secret once")
    for host in document["capabilities"]["hosts"]:
        if not 0 < _endpoint(host)["port"] <= _MAX_PORT:
            raise ManifestError("form", "a port that there is not", f"ports from 1 to {_MAX_PORT}")


def _known(path: list[str | int]) -> list[str | int]:
    """Return a path as far as the form names it: what a developer named is not quoted."""
    return [each for each in path if isinstance(each, int) or each in _NAMES]


def _names(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    return set(schema.get("properties", {})).union(*(_names(each) for each in inner))


_NAMES: Final = _names(FORM)


def _schema(document: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    schema: dict[str, Any] = document[side]
    compiled(schema, side)
    return schema


def _endpoint(host: str) -> dict[str, Any]:
    name, _, port = host.partition(":")
    return {"host": name, "port": int(port) if port else _PORT}
