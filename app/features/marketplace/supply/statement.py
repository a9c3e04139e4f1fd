"""In-toto statements: what somebody says of artifacts that they name by digest. Bytes to a value, or one error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.features.marketplace.supply.errors import SupplyError
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
TYPE: Final = "https://in-toto.io/Statement/v1"
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
MAX_BYTES: Final = 4 << 20
_TYPES: Final = frozenset({TYPE, "https://in-toto.io/Statement/v0.1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement.

    Attributes:
        subjects: the names of each digest (`sha256:` and 64 hexadecimal digits) that it speaks of.
        predicate_type: URI of what it says of them.
        predicate: what it says.
    """

    subjects: Mapping[str, frozenset[str]]
    predicate_type: str
    predicate: Mapping[str, Any]

    def require(self, digest: str, name: str | None = None) -> None:
        """Return if it speaks of `digest`, under this name if one is given.

        Raises:
            SupplyError: `other_artifact` or `renamed_artifact`.
        """
        if digest not in self.subjects:
            raise SupplyError(
                "other_artifact", "it vouches for another artifact", seen=" ".join(self.subjects), expected=digest
            )
        if name is not None and name not in self.subjects[digest]:
            names = " ".join(sorted(self.subjects[digest]))
            raise SupplyError("renamed_artifact", "it vouches for a file of another name", seen=names, expected=name)


def parse_statement(payload: bytes) -> Statement:
    """Return the statement in the payload of an envelope.

    Raises:
        SupplyError: `too_large`, or `malformed_statement`.
    """
    try:
        document = parse(payload, max_bytes=MAX_BYTES)
    except TooLargeError as error:
        raise SupplyError("too_large", "the statement is too large") from error
    except MalformedRequestError as error:
        raise SupplyError("malformed_statement", f"{error.code}: {error.detail}") from error
    match document:
        case {"_type": str(kind), "subject": [*subjects], "predicateType": str(predicate_type)} if kind in _TYPES:
            predicate = document.get("predicate")
            if predicate is None or isinstance(predicate, dict):
                return Statement(subjects=_subjects(subjects), predicate_type=predicate_type, predicate=predicate or {})
    raise SupplyError("malformed_statement", "it is no in-toto statement")


def _subjects(found: list[Any]) -> dict[str, frozenset[str]]:
    names: dict[str, frozenset[str]] = {}
    for subject in found:
        match subject:
            case {"digest": {"sha256": str(value)}} if DIGEST.fullmatch(f"sha256:{value}"):
                name = subject.get("name")
                digest = f"sha256:{value}"
                names[digest] = names.get(digest, frozenset()) | ({name} if isinstance(name, str) else frozenset())
            case {"digest": dict()}:
                pass  # by another digest; nothing here is found by it
            case _:
                raise SupplyError("malformed_statement", "a subject has no digest")
    return names
