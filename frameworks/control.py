"""A control: what an organisation does so that criteria are met, the rules that enforce it, and how it is tested.

Owns the form of the files in `controls/`. Whether a rule exists is not known here, which knows no policies.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from frameworks import catalog, control_test, files
from frameworks.catalog import Catalog
from frameworks.control_test import ControlTest, Kind
from frameworks.errors import ControlError, YamlError
from frameworks.members import Members
from frameworks.strict_yaml import parse as parse_yaml

SHIPPED: Final = Path(__file__).parent / "controls"
"""The directory of the controls that come with the package."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RULE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}/[a-z][a-z0-9_]{0,63}")
_CRITERION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}/[A-Za-z0-9][A-Za-z0-9._()-]{0,47}")
_MOST: Final = 1_000  # controls of a file


class Severity(StrEnum):
    """How much depends on a control."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Frequency(StrEnum):
    """How often a control acts, which is not how often it is tested."""

    EVENT = "event"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control.

    `owner` is a role; `criteria` are `<framework>/<item>`, `rules` `<action>/<gate>`. It has a test at least, and each
    of its tests says how often it is done and when its result is too old.
    """

    id: str
    title: str
    owner: str
    severity: Severity
    frequency: Frequency
    criteria: tuple[str, ...]
    rules: tuple[str, ...]
    tests: tuple[ControlTest, ...]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Return the kinds of its tests, each once, the machine's first."""
        return tuple(kind for kind in Kind if any(test.kind is kind for test in self.tests))

    def items(self, framework: str) -> tuple[str, ...]:
        """Return the ids of the items of a framework that it serves."""
        named = (each.partition("/") for each in self.criteria)
        return tuple(item for known, _, item in named if known == framework)


def load(directory: Path = SHIPPED, *, catalogs: Mapping[str, Catalog] | None = None) -> Mapping[str, Control]:
    """Return the controls of all files of a directory, by id, in the order of files.

    Args:
        directory: where the files are.
        catalogs: where the criteria have to be; those that are shipped, unless others are given.

    Raises:
        ControlError: a file holds no controls, or two have one id, or a criterion is in no catalog.
        CatalogError: the shipped catalogs cannot be read.
    """
    known = catalog.load() if catalogs is None else catalogs
    found: list[Control] = []
    for name, text in files.texts(directory, ControlError).items():
        for control in parse(name, text):
            _verify_criteria(f"{name}: `{control.id}`", control.criteria, known)
            found.append(control)
    return MappingProxyType(_by_id(directory.name, found))


def parse(file: str, text: str) -> tuple[Control, ...]:
    """Return the controls in `text`, the content of `file`, in their order.

    Raises:
        ControlError: it does not hold controls.
    """
    try:
        document = parse_yaml(text)
    except YamlError as error:
        raise ControlError(f"{file}:{error}") from None
    read = Members(file, document, {"controls"})
    controls = [_control(file, each) for each in read.entries("controls", most=_MOST)]
    return tuple(_by_id(file, controls).values())


_MEMBERS: Final = frozenset(each.name for each in fields(Control))


def _control(file: str, document: Any) -> Control:
    found = Members(f"{file}: controls", document, _MEMBERS).matching("id", _ID)
    read = Members(f"{file}: `{found}`", document, _MEMBERS)
    return Control(
        id=found,
        title=read.text("title"),
        owner=read.matching("owner", _ROLE),
        severity=Severity(read.one_of("severity", list(Severity))),
        frequency=Frequency(read.one_of("frequency", list(Frequency))),
        criteria=read.texts("criteria", _CRITERION),
        rules=read.texts("rules", _RULE) if "rules" in read else (),
        tests=_tests(read, found),
    )


def _tests(read: Members, control: str) -> tuple[ControlTest, ...]:
    tests = [control_test.parse(read.place, each) for each in read.entries("tests")]
    for test in tests:
        if test.control != control:
            raise ControlError(f"{read.place}: the id of the test `{test.id}` does not begin with `{control}/`")
    _once(read.place, (test.id for test in tests))
    return tuple(tests)


def _verify_criteria(place: str, criteria: Iterable[str], catalogs: Mapping[str, Catalog]) -> None:
    for criterion in criteria:
        framework, _, item = criterion.partition("/")
        if framework not in catalogs:
            raise ControlError(f"{place}: no framework `{framework}`")
        if item not in catalogs[framework].items:
            raise ControlError(f"{place}: `{framework}` has no `{item}`")


def _by_id(place: str, controls: Iterable[Control]) -> dict[str, Control]:
    listed = list(controls)
    _once(place, (each.id for each in listed))
    return {each.id: each for each in listed}


def _once(place: str, ids: Iterable[str]) -> None:
    twice = [each for each, count in Counter(ids).items() if count > 1]
    if twice:
        raise ControlError(f"{place}: `{twice[0]}` stands twice")
