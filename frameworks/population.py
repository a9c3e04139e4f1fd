"""Which rows a test is about: records by type, action and conditions, or rows of the running configuration.

Owns how a file says it and how it is asked of a row. Knows nothing of what is then checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from frameworks import condition
from frameworks.condition import Condition, Holds
from frameworks.errors import ControlError
from frameworks.members import Members

_TYPE: Final = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_ACTION: Final = re.compile(r"(?=.{1,128}\Z)[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*")


class Configuration(StrEnum):
    """What of the running configuration there are rows of."""

    STORE = "store"
    KEYS = "keys"
    CALLERS = "callers"
    JOBS = "jobs"
    POLICIES = "policies"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The rows of one population. Empty `types` or `actions`: any; all of `where` hold of each row.

    With `configuration` these are rows of the configuration, otherwise records.
    """

    types: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    configuration: Configuration | None = None

    @property
    def query(self) -> str:
        """Return it as a text that says the same wherever it is said: canonical JSON, as it stands in a file."""
        said: dict[str, Any] = {}
        if self.configuration:
            said["configuration"] = str(self.configuration)
        for name, values in (("types", self.types), ("actions", self.actions)):
            if values:
                said[name] = list(values)
        if self.where:
            said["where"] = [{"path": each.path, str(each.op): each.value} for each in self.where]
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def conditions(self) -> Holds | None:
        """Return what tells whether `where` holds of a document, or None where nothing is asked."""
        return condition.holds_all(self.where) if self.where else None

    def has(self, document: Mapping[str, Any]) -> bool:
        """Tell whether a record belongs to it; for one row. `frameworks.testing` asks by type and action first."""
        if self.types and document.get("type") not in self.types:
            return False
        if self.actions and not (isinstance(body := document.get("body"), dict) and body.get("action") in self.actions):
            return False
        return all(condition.holds(each)(document) for each in self.where)


def parse(place: str, document: Any, *, of_records: bool = False) -> Selection:
    """Return the population that an object of a file says; `of_records`: the configuration is none.

    Raises:
        ControlError: it says none.
    """
    names = ["types", "actions", "where"]
    read = Members(place, document, names if of_records else [*names, "configuration"])
    if not read.document:
        raise ControlError(f"{place}: one of {', '.join(names)} is wanted")
    where = condition.parse_all(read, "where") if "where" in read else ()
    if "configuration" in read:
        if "types" in read or "actions" in read:
            raise read.wrong("configuration", "has neither `types` nor `actions`")
        return Selection(configuration=Configuration(read.one_of("configuration", list(Configuration))), where=where)
    return Selection(
        types=read.texts("types", _TYPE) if "types" in read else (),
        actions=read.texts("actions", _ACTION) if "actions" in read else (),
        where=where,
    )
