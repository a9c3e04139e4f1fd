"""What clients of OPA may ask for in the query of the URL, read as OPA reads it.

A switch is on where it stands alone or says `true`; what nobody knows is ignored. Owns how an answer is laid out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from app.decision_plane.http import Answer
from app.pdp.errors import MalformedRequestError

_MOST: Final = 32


class Explain(StrEnum):
    """Which events an explanation has."""

    NOTES = "notes"
    FAILS = "fails"
    FULL = "full"
    DEBUG = "debug"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaOptions:
    """How to answer; `input` and `query` are what a GET has instead of a body."""

    pretty: bool = False
    provenance: bool = False
    metrics: bool = False
    explain: Explain | None = None
    input: str | None = None
    query: str | None = None

    @classmethod
    def parse(cls, query: bytes) -> "OpaOptions":
        """Read a query string.

        Raises:
            MalformedRequestError: it is no text, or has more than 32 fields.
        """
        if not query:
            return _NONE
        try:
            said = parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
        except ValueError:  # also of what is no ASCII, or no UTF-8 behind its escapes
            raise MalformedRequestError("not_a_query", f"the query has at most {_MOST} fields of UTF-8") from None
        explain = said.get("explain", [""])[0]
        return cls(
            pretty=_switch(said, "pretty"),
            provenance=_switch(said, "provenance"),
            metrics=_switch(said, "metrics") or _switch(said, "instrument"),
            explain=Explain(explain) if explain in list(Explain) else None,
            input=said["input"][0] if "input" in said else None,
            query=said["q"][0] if "q" in said else None,
        )

    def answer(self, document: Any, status: int = 200) -> Answer:
        """Return an answer, laid out as asked for."""
        return Answer(
            document=orjson.dumps(document, option=orjson.OPT_INDENT_2) if self.pretty else document, status=status
        )


_NONE: Final = OpaOptions()


def _switch(said: dict[str, list[str]], name: str) -> bool:
    values = said.get(name, [])
    return values == [""] or any(value.lower() == "true" for value in values)
