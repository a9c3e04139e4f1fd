"""YAML as far as it says what JSON says: what people write by hand here, catalogs and, in `app.pdp`, rules and cases.

YAML 1.1 reads `no` as false, `12:30` as 750 and `2026-11-22` as a date, keeps the last of two equal names and unfolds
aliases without end. Here a plain scalar is what the same text is in JSON, or else a string; the rest is refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from frameworks.errors import YamlError

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = {
    "null": (r"null|~|", ["n", "~", ""]),
    "bool": (r"true|false", ["t", "f"]),
    "int": (r"-?(?:0|[1-9][0-9]{0,15})", list("-0123456789")),
    "float": (r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,16}", list("-0123456789")),
}


class _Loader(Composer, yaml._yaml.CParser, SafeConstructor, Resolver):  # noqa: SLF001
    """The safe loader, with JSON's idea of a scalar and of an object, and without aliases.

    libyaml finds the events, four times as fast as the scanner in Python; nodes are made of them here, where aliases
    can be refused.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - declared so by the library
    yaml_constructors = {  # noqa: RUF012
        tag: construct
        for tag, construct in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_TAG) in {"null", "bool", "int", "float", "str", "seq", "map"}
    }

    def __init__(self, text: str) -> None:
        yaml._yaml.CParser.__init__(self, text)  # noqa: SLF001
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _error("write out what the alias stands for", self.peek_event())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names = set()
        for name, _ in node.value:
            if name.tag != f"{_TAG}str":
                raise _error("a name must be a string", name)
            if name.value in names:
                raise _error("this name stands twice", name)
            names.add(name.value)
        return super().construct_mapping(node, deep)


def _error(problem: str, at: Any) -> yaml.MarkedYAMLError:
    """Return the error of an event or node."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


for _kind, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"(?:{_pattern})\\Z"), _first)


Path = tuple[str | int, ...]
"""Names and numbers that lead from the whole to a part; a name in an object stands for its member."""

Place = tuple[int, int]
"""Line and column, from 1."""


def parse(text: str) -> Any:
    """Return the value of one YAML document.

    Raises:
        YamlError: it is no YAML, or says what JSON cannot.
    """
    return parse_placed(text)[0]


def parse_placed(text: str) -> tuple[Any, Mapping[Path, Place]]:
    """Return the value of one YAML document, and of each part of it where it, or its name, begins.

    Raises:
        YamlError: it is no YAML, or says what JSON cannot.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, {(): (1, 1)}
        value = loader.construct_document(node)
        return value, {path: (mark.line + 1, mark.column + 1) for path, mark in _marks(node, ())}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 0)
        raise YamlError(line, column, str(error.problem)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise YamlError(1, 0, "no YAML that JSON could say") from None


def _marks(node: yaml.Node, path: Path) -> Iterator[tuple[Path, yaml.Mark]]:
    if not path:
        yield path, node.start_mark
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield (*path, name.value), name.start_mark
            yield from _marks(value, (*path, name.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*path, number), value.start_mark
            yield from _marks(value, (*path, number))
