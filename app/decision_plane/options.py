"""What a caller may ask for beside the decision, in the query of the URL: `explain`, `durability`, `receipt`."""

from dataclasses import dataclass, fields
from typing import Final, get_type_hints
from urllib.parse import parse_qsl

from app.decision_plane.operation import Parameter, schema_of
from app.pdp.errors import MalformedRequestError
from app.pdp.model import Durability

_MOST = 8
_SWITCH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to answer."""

    explain: bool = False
    receipt: bool = False
    durability: Durability = Durability.JOURNAL

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Return what a query may have, for descriptions."""
        hints = get_type_hints(cls)
        return tuple(
            Parameter(name=each.name, place="query", schema=schema_of(hints[each.name]) | {"default": each.default})
            for each in fields(cls)
        )

    @classmethod
    def parse(cls, query: bytes) -> "Options":
        """Read a query string (URL Standard, application/x-www-form-urlencoded).

        Raises:
            MalformedRequestError: it has something else, or something twice: what a caller meant is not guessed at.
        """
        if not query:
            return _NONE
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST)
        except ValueError:  # also of what is no ASCII
            pairs = [("", "")]
        said = dict(pairs)
        if len(said) != len(pairs) or not said.keys() <= {"explain", "receipt", "durability"}:
            raise MalformedRequestError("unknown_option", "the query may have `explain`, `receipt`, `durability`, once")
        try:
            return cls(
                explain=_SWITCH[said.get("explain", "false")],
                receipt=_SWITCH[said.get("receipt", "false")],
                durability=Durability(said.get("durability", Durability.JOURNAL)),
            )
        except (KeyError, ValueError):
            raise MalformedRequestError(
                "unknown_option", "`explain` and `receipt` are true or false, `durability` is journal or locked"
            ) from None


_NONE: Final = Options()
