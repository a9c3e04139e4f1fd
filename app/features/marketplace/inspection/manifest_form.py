"""The form of an agent's manifest, as a JSON Schema (draft 2020-12)."""

from typing import Any, Final

_DOTTED: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+"
_NUMBER: Final = r"(0|[1-9][0-9]{0,8})"
_PART: Final = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION: Final = rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PART}(\.{_PART})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
"""Semantic Versioning 2.0.0, with numbers of at most nine digits."""

NAME: Final = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
DATA_CLASSES: Final = ("public", "internal", "confidential", "personal", "special_category", "payment", "health")


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _set(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "uniqueItems": True, "items": items}


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


_SECRET: Final = _object(
    ("name", "reference"),
    name={"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
    reference={"type": "string", "maxLength": 200, "pattern": "^(secret|vault|kms):[a-z0-9][a-z0-9._/-]*$"},
)
_CAPABILITIES: Final = _object(
    ("tools", "hosts", "secrets"),
    tools=_set({"type": "string", "maxLength": 64, "pattern": "^[a-z0-9][a-z0-9._:/-]*$"}, 100),
    hosts=_set({"type": "string", "maxLength": 259, "pattern": rf"^{_DOTTED}(:[0-9]{{1,5}})?$"}, 100),
    secrets=_set(_SECRET, 50),
    environment=_set({"type": "string", "maxLength": 64, "pattern": "^[A-Z_][A-Z0-9_]*$"}, 50),
    subprocess={"type": "boolean"},
)
_SOURCE: Final = _object(
    ("name", "origin", "licence", "personal_data"),
    name=_text(200),
    origin=_text(500),
    licence=_text(200),
    personal_data={"type": "boolean"},
)
_TRAINING: Final = _object(
    ("trained", "sources"),
    trained={"type": "boolean", "description": "whether the developer trained or tuned a model"},
    base_models=_set(_text(200), 50),
    sources={"type": "array", "maxItems": 500, "items": _SOURCE},
)
_PRIVACY: Final = _object(
    (),
    gdpr=_object(
        ("personal_data",),
        personal_data={"type": "boolean"},
        role={"enum": ["controller", "processor", "none"]},
        purposes=_set(_text(200), 50),
        legal_basis=_text(200),
        retention_days={"type": "integer", "minimum": 0, "maximum": 36_500},
        transfers=_set({"type": "string", "pattern": "^[A-Z]{2}$"}, 250),
    ),
    ccpa=_object(
        ("sells_or_shares",),
        sells_or_shares={"type": "boolean"},
        categories=_set(_text(200), 50),
    ),
)
_EXPORT: Final = _object(
    ("classification",),
    classification={"type": "string", "maxLength": 32, "pattern": "^[A-Z0-9][A-Z0-9.]*$"},
    excluded=_set({"type": "string", "pattern": "^[A-Z]{2}$"}, 250),
)
_DOCUMENTATION: Final = _object(
    (),
    readme={"type": "string", "maxLength": 200, "pattern": "^[A-Za-z0-9][A-Za-z0-9_./-]*$"},
    changelog={"type": "string", "maxLength": 200, "pattern": "^[A-Za-z0-9][A-Za-z0-9_./-]*$"},
    support=_text(300),
    limitations=_text(5_000),
)
_RUNTIME: Final = _object(
    ("entrypoint", "network"),
    entrypoint={"type": "string", "maxLength": 200, "pattern": r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"},
    network={"const": "strict"},
    memory_mib={"type": "integer", "minimum": 16, "maximum": 1_048_576},
    timeout_seconds={"type": "integer", "minimum": 1, "maximum": 86_400},
)

FORM: Final[dict[str, Any]] = _object(
    (
        "name",
        "version",
        "input",
        "output",
        "capabilities",
        "data_classes",
        "training_data",
        "privacy",
        "export_control",
        "documentation",
        "licence",
        "runtime",
    ),
    name={"type": "string", "pattern": NAME},
    version={"type": "string", "maxLength": 64, "pattern": VERSION},
    input={"type": "object"},
    output={"type": "object"},
    capabilities=_CAPABILITIES,
    data_classes=_set({"enum": list(DATA_CLASSES)}, len(DATA_CLASSES)),
    training_data=_TRAINING,
    privacy=_PRIVACY,
    export_control=_EXPORT,
    documentation=_DOCUMENTATION,
    licence=_text(200),
    runtime=_RUNTIME,
)
"""What a manifest has to look like. What is not named here, it does not have."""
