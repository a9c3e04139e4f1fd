"""What becomes of a finding: kept, masked, dropped, generalised, or replaced by a token. Pure.

Which it is for which kind says the policy, as obligations of a permit. What policy does not name gets a token, and so
does what cannot be generalised: nothing stays readable by omission.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any, Final

OBLIGATION: Final = "redact"
"""The type of the obligations that say what becomes of which kinds."""

_MASK: Final = "****"
_SHOWN: Final = 4  # last letters and digits of a number that is masked
_LONG: Final = 12  # letters and digits of a number of which the last may be shown
_NUMBERS: Final = frozenset({"BANK_ACCOUNT", "CARD", "IBAN"})
_YEAR: Final = re.compile(r"(?<![0-9])(?:18|19|20)[0-9]{2}(?![0-9])", re.ASCII)
_PREFIX: Final = {4: 24, 6: 48}  # bits of an address that stay, by version


class Operator(StrEnum):
    """What becomes of a finding."""

    KEEP = "keep"
    MASK = "mask"
    DROP = "drop"
    TOKENISE = "tokenise"
    GENERALISE = "generalise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of each kind.

    Attributes:
        operators: by kind; of any other kind, a token.
        region: where the data have their home: what is left of a place that is generalised.
    """

    operators: Mapping[str, Operator] = field(default_factory=dict)
    region: str = ""

    def operator(self, kind: str) -> Operator:
        """Return what becomes of a kind."""
        return self.operators.get(kind, Operator.TOKENISE)

    def replacement(self, kind: str, value: str) -> str | None:
        """Return what stands in place of a value, or None where a token does."""
        match self.operator(kind):
            case Operator.KEEP:
                return value
            case Operator.DROP:
                return ""
            case Operator.MASK:
                return _masked(kind, value)
            case Operator.GENERALISE:
                return self._general(kind, value)
            case Operator.TOKENISE:
                return None

    def _general(self, kind: str, value: str) -> str | None:
        if kind == "LOCATION":
            return self.region or None
        general = _GENERAL.get(kind)
        return None if general is None else general(value)


def plan_of(obligations: Iterable[Mapping[str, Any]], region: str) -> Plan:
    """Return what these obligations ask for: each of type `redact` is named for an operator, and lists kinds.

    An operator that nobody knows asks for a token; two of one kind, too.
    """
    operators: dict[str, Operator] = {}
    for each in obligations:
        if each.get("type") != OBLIGATION:
            continue
        operator = _known(str(each.get("id")))
        for name, listed in each.items():
            if listed is True:
                kind = name.upper()
                operators[kind] = Operator.TOKENISE if kind in operators else operator
    return Plan(operators=operators, region=region)


def _known(name: str) -> Operator:
    try:
        return Operator(name)
    except ValueError:
        return Operator.TOKENISE


def _masked(kind: str, value: str) -> str:
    letters = [each for each in value if each.isalnum()]
    return _MASK + "".join(letters[-_SHOWN:]) if kind in _NUMBERS and len(letters) >= _LONG else _MASK


def _year(value: str) -> str | None:
    found = _YEAR.search(value)
    return None if found is None else found[0]


def _network(value: str) -> str | None:
    try:
        address = ip_address(value.strip())
    except ValueError:
        return None
    return str(ip_network((address, _PREFIX[address.version]), strict=False))


_GENERAL: Final[Mapping[str, Callable[[str], str | None]]] = {"BIRTH_DATE": _year, "IP": _network}
