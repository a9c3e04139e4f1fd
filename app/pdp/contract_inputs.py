"""Inputs made up after the contract of an action, the same for the same seed: for comparing one engine with another.

Owns what a made document looks like, and which values are worth trying: those that the rules, the data and the cases of
the action are written with. `contract_values` makes the values. Evaluates nothing.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

from app.pdp.bundle import Bundle, needed
from app.pdp.contract_values import Generator, instant, leaves
from app.pdp.errors import NoInputsError
from app.pdp.policy_case import ENVIRONMENT
from app.pdp.request import parse_document
from app.pdp.strict_json import encode
from app.pdp.strict_yaml import parse_yaml

_PARTS: Final = ("subject", "resource", "context")
_HOUR: Final = 3_600
_MOVES: Final = (1, _HOUR, 3 * _HOUR, 11 * _HOUR, 24 * _HOUR, 50 * _HOUR, 2_000 * _HOUR)
_TRIES: Final = 20
_NEW: Final = 0.1
_DEEPER: Final = 0.9
_INTO_LIST: Final = 0.7
_LEFT_OUT: Final = 0.3
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_TEXT: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_TABLE: Final = re.compile(r"\bdata((?:\.[a-z][a-z0-9_]*)+)(\[action\])?")
_NO_TABLES: Final = frozenset({"rules", "lib"})


class ContractInputs:
    """Inputs for the actions of one admitted bundle. Reading its cases takes a second or so, and is done once."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._data = json.loads(bundle.data)
        self._told: dict[str, list[dict[str, Any]]] = {name: [] for name in bundle.actions}
        for document in documents(bundle):
            if (name := document["action"]["name"]) in self._told:
                self._told[name].append(document)

    def made(self, action: str, *, count: int, seed: str = "") -> Iterator[dict[str, Any]]:
        """Yield `count` documents that the contract of `action` holds for, with facts in some that it does not name.

        Half are made from the contract alone, values at the edges of its bounds, of the limits and of the cases among
        them; half are cases with up to four facts made anew, so that gates fail one at a time.

        Raises:
            NoInputsError: the contract is one for which nothing is found.
        """
        contract = self._bundle.actions[action].contract
        told = self.cases(action)
        making = self.generator(action, seed=seed)
        chance = Random(f"inputs of {action}{seed}")  # noqa: S311 - the same for the same seed is the point
        for number in range(count):
            for _ in range(_TRIES):
                if number % 2 and told:
                    facts = _varied(chance, making, contract.schema, chance.choice(told))
                else:
                    facts = making.value(contract.schema)
                document = _document(chance, making.unnamed(facts, contract.schema), action)
                if not contract.check(document):
                    yield document
                    break
            else:
                raise NoInputsError(f"no facts are found that the contract of `{action}` takes")

    def cases(self, action: str) -> list[dict[str, Any]]:
        """Return the documents of the cases of `action` that its contract holds for."""
        contract = self._bundle.actions[action].contract
        return [each for each in self._told[action] if not contract.check(each)]

    def told(self, action: str) -> list[dict[str, Any]]:
        """Return the documents of all cases of `action`."""
        return list(self._told[action])

    def text_of(self, document: dict[str, Any]) -> str:
        """Return what the engine is given of a document that the contract of its action holds for."""
        contract = self._bundle.actions[document["action"]["name"]].contract
        return encode(contract.prune(document)).decode()

    def generator(self, action: str, *, seed: str = "") -> Generator:
        """Return what makes facts for an action out of everything its rules, data and cases are written with."""
        return Generator(Random(f"{action}{seed}"), self._words(action), leaves(self._told[action]))  # noqa: S311 - see above

    def named(self, action: str) -> set[str]:
        """Return every text that the rules of an action, or the data they read, are written with."""
        return {each for each in self._words(action) if isinstance(each, str)}

    def _words(self, action: str) -> set[Any]:
        """Return every value that the rules of an action are written with, or find in the data that they name.

        So what is made for one action does not hang on what others are about: of `data.limits.box` it is that member
        alone, and of `data.limits[action]` the entry of the action that is decided, which `action` stands for in rules.
        """
        files = needed(self._bundle.actions[action].file, self._bundle.modules)
        sources = [_COMMENT.sub("", self._bundle.modules[file]) for file in files]
        read = {place for source in sources for place in _TABLE.findall(source)}
        texts = {text for source in sources for text in _TEXT.findall(source)}
        return texts | {each for path, own in read for each in leaves(self._read(path, action if own else ""))}

    def _read(self, path: str, action: str) -> Any:
        """Return what stands in the data at a path such as `.limits.box`, or in the entry of an action there."""
        names = path.split(".")[1:]
        place = None if names[0] in _NO_TABLES else self._data
        for name in [*names, *([action] if action else [])]:
            place = place.get(name) if isinstance(place, dict) else None
        return place


def documents(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """Yield the document of every case of an admitted bundle."""
    for file, text in sorted(bundle.cases.items()):
        for case in parse_yaml(file, text):
            yield parse_document(encode({"environment": ENVIRONMENT} | case["input"]))


def _document(chance: Random, facts: Mapping[str, Any], action: str) -> dict[str, Any]:
    moved = chance.choice([0, 0, 0, 1, -1]) * chance.choice(_MOVES)
    environment = {"time": instant(moved), "tenant": "default", "caller": action.partition(".")[0]}
    told = {part: dict(facts.get(part, {})) for part in _PARTS}
    return told | {"action": {"name": action}, "environment": environment}


def _varied(chance: Random, making: Generator, schema: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a case with some of them made anew or, where they may be, left out."""
    facts = copy.deepcopy({part: case[part] for part in _PARTS})
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3, 4])):
        _vary(chance, making, schema, facts)
    return facts


def _vary(chance: Random, making: Generator, schema: Mapping[str, Any], value: Any) -> None:
    """Make one fact anew, somewhere below `value`; there is none below null."""
    names = [name for name in schema["properties"] if name in (value or ()) or chance.random() < _NEW]
    if not names:
        return
    name = chance.choice(names)
    below = schema["properties"][name]
    inner = value.get(name)
    if isinstance(inner, dict) and below.get("properties") and chance.random() < _DEEPER:
        _vary(chance, making, below, inner)
    elif isinstance(inner, list) and inner and "properties" in below["items"] and chance.random() < _INTO_LIST:
        _vary(chance, making, below["items"], chance.choice(inner))
    elif name not in schema.get("required", ()) and chance.random() < _LEFT_OUT:
        value.pop(name, None)
    else:
        value[name] = making.value(below)
