"""Whether OPA's own engine decides as the engine that decides here: on every Rego test, every case, and made inputs.

Owns what is asked of both and what counts as a difference. Evaluates in this process; `admission_process` runs it in
one that may take too long. Inputs are made up or lie in the bundle, so a difference may show them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.pdp.bundle import Bundle, needed
from app.pdp.contract_inputs import ContractInputs
from app.pdp.engine import Engine, Engines
from app.pdp.errors import BundleError, EngineError, NoInputsError
from app.pdp.opa import FAILED, UNDEFINED, VALUE, Answer, Oracle, in_one_order
from app.pdp.syntax import Module, parse_syntax_trees

_SHOWN: Final = 2_000  # characters of an input


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What came of a comparison: who was asked, who decides here, made inputs for each action, and all that was asked.

    A bundle with a difference is refused, so what is kept has none.
    """

    engine: str
    here: str
    inputs: int
    asked: int
    differences: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What was asked, by name, and the two answers."""

    name: str
    here: Answer
    there: Answer

    def told(self) -> str:
        """Return it in words, on one line."""
        return f"{self.name}: here {_said(self.here)}, in OPA {_said(self.there)}"


def compare(bundle: Bundle, oracle: Oracle, *, count: int, begun: Callable[[str], None]) -> int:
    """Return how much was asked of both, if they agree; `count` inputs are made for each action.

    `begun` is told what is compared now.

    Raises:
        BundleError: they differ, or OPA does not take the bundle, or no inputs are found for an action.
        EngineError: the process with OPA in it has ended.
    """
    begun(".:1:1: the bundle, by OPA,")
    try:
        oracle.load({**bundle.modules, **bundle.tests}, bundle.data)
    except EngineError as error:
        raise BundleError(f".:1:1: OPA does not take the bundle: {error}") from None
    asked = 0
    for file, found, compared in _comparisons(bundle, oracle, count, begun):
        asked += compared
        if found:
            more = f"; and {len(found) - 1} more in this file" if len(found) > 1 else ""
            raise BundleError(f"{file}:1:1: a second opinion differs: {found[0].told()}{more}")
    return asked


def _comparisons(
    bundle: Bundle, oracle: Oracle, count: int, begun: Callable[[str], None]
) -> Iterator[tuple[str, list[Difference], int]]:
    """Yield, for each file, where the engines differ and how much they were asked."""
    for module, names in rego_tests(bundle):
        begun(f"{module.file}:1:1: the tests, compared with OPA,")
        files = needed(module.file, {**bundle.modules, **bundle.tests})
        here, there = tests_here(bundle, names), tests_there(oracle, module, names, files)
        yield module.file, differences(names, here, there), len(names)
    inputs = ContractInputs(bundle)
    entries = json.loads(bundle.snapshot())["entries"]
    engines = Engines(bundle.modules, bundle.data, entries)
    for name, action in bundle.actions.items():
        begun(f"{action.file}:1:1: `{name}`, compared with OPA,")
        try:
            texts = [inputs.text_of(each) for each in (*inputs.cases(name), *inputs.made(name, count=count))]
        except NoInputsError as error:
            raise BundleError(f"{action.file}:1:1: no inputs for a second opinion: {error}") from None
        path = f"{name}.decision"
        here = [answer(engines, path, text) for text in texts]
        labels = [f"`{name}` decides {text[:_SHOWN]}" for text in texts]
        yield action.file, differences(labels, here, oracle.evaluate(path, texts, entries[action.query])), len(texts)


def rego_tests(bundle: Bundle) -> Iterator[tuple[Module, list[str]]]:
    """Yield each module of tests, and the paths of its tests."""
    engine = Engine({**bundle.modules, **bundle.tests}, bundle.data)
    for module in parse_syntax_trees(engine.syntax_trees()):
        if module.file in bundle.tests:
            package = ".".join(module.package[1:])
            names = dict.fromkeys(rule.name for rule in module.rules if rule.name.startswith("test_"))
            yield module, [f"{package}.{name}" for name in names]


def tests_here(bundle: Bundle, names: Iterable[str]) -> list[Answer]:
    """Return what our engine says of Rego tests."""
    engine = Engine({**bundle.modules, **bundle.tests}, bundle.data)
    return [answer(engine, path, "{}") for path in names]


def tests_there(oracle: Oracle, module: Module, names: Sequence[str], files: Sequence[str]) -> list[Answer]:
    """Return what OPA says of the Rego tests of a module: of the package as one document, or, if it fails, of each."""
    [(kind, text)] = oracle.evaluate(".".join(module.package[1:]), ["{}"], files)
    if kind != VALUE:
        return [oracle.evaluate(path, ["{}"], files)[0] for path in names]
    document: Mapping[str, Any] = json.loads(text)
    short = [path.rpartition(".")[2] for path in names]
    return [(VALUE, json.dumps(document[name])) if name in document else (UNDEFINED, "") for name in short]


def answer(engine: Engine | Engines, path: str, text: str) -> Answer:
    """Return the answer of our engine at `data.<path>`, in the form of OPA's."""
    try:
        result = json.loads(engine.evaluate(f"data.{path}", text)).get("result")
    except EngineError as error:
        return FAILED, str(error)
    return (VALUE, in_one_order(result[0]["expressions"][0]["value"])) if result else (UNDEFINED, "")


def differences(names: Iterable[str], here: Iterable[Answer], there: Iterable[Answer]) -> list[Difference]:
    """Return each answer that is not the same; why an evaluation failed may be said differently."""
    return [
        Difference(name=name, here=one, there=other)
        for name, one, other in zip(names, here, there, strict=True)
        if one != other and not one[0] == other[0] == FAILED
    ]


def _said(found: Answer) -> str:
    kind, text = found
    return text if kind == VALUE else f"{kind} {text}".rstrip()
