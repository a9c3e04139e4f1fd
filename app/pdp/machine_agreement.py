"""Which actions the engine's virtual machine may decide: those in the profile on which both engines agree.

Owns what both are asked: every input of a case and of a Rego test, corruptions of the cases, and a thousand inputs made
after the contract, all as they reach the engine, contract held and pruned. They agree when their answers are the same
text once written canonically. Runs policies in this process; `admission_process` does it in one that may die.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from time import perf_counter
from typing import Any, Final

from app.pdp.bundle import Action, Bundle
from app.pdp.contract_inputs import ContractInputs
from app.pdp.corruption import Change, changes
from app.pdp.engine import Engine, Engines, Machine, compile_program
from app.pdp.errors import EngineError, MalformedRequestError, NoInputsError, TooLargeError
from app.pdp.fast_path import canonical, fits
from app.pdp.machine_profile import profile
from app.pdp.policy_case import ENVIRONMENT
from app.pdp.policy_test import policy_tests
from app.pdp.request import parse_document
from app.pdp.strict_json import encode
from app.pdp.syntax import parse_syntax_trees

INPUTS: Final = 1_000
"""Inputs made after each contract."""

CORRUPTIONS: Final = 1_000
"""Corruptions that keep the contract, of the cases of each action."""

SECONDS: Final = 120.0
"""What comparing all actions may take; the interpreter decides those whose turn did not come yet."""

Document = dict[str, Any]

_WATCH: Final = "omega.asked"
_ENTITY: Final = 2  # a path that long ends in what a request itself demands


def prove(
    bundle: Bundle, first: str = "", *, clock: Callable[[], float] = perf_counter, seconds: float = SECONDS
) -> dict[str, str]:
    """Return for each action why the interpreter decides it, or nothing where the machine may.

    Actions come in the order of their names, from `first` on. Those that there was no time for are left out.

    Raises:
        EngineError: the engine does not take the bundle, which was admitted.
    """
    ends = clock() + seconds
    entries: dict[str, list[str]] = json.loads(bundle.snapshot())["entries"]
    modules = {module.file: module for module in parse_syntax_trees(Engine(bundle.modules, "{}").syntax_trees())}
    engines = Engines(bundle.modules, bundle.data, entries)
    asked = _asked_by_tests(bundle)
    making = ContractInputs(bundle)
    verdicts = {}
    for name, action in sorted((name, action) for name, action in bundle.actions.items() if name >= first):
        files = entries[action.query]
        if reason := profile(bundle, action, [modules[file] for file in files]):
            verdicts[name] = reason
        elif clock() <= ends:
            verdicts[name] = _compared(bundle, action, files, engines, _texts(making, action, asked.get(name, [])))
    return verdicts


def _compared(bundle: Bundle, action: Action, files: Sequence[str], engines: Engines, texts: Iterator[bytes]) -> str:
    """Return what is wrong with the machine for an action, or nothing."""
    try:
        program = compile_program({file: bundle.modules[file] for file in files}, action.query)
        machine = Machine({action.query: program}, bundle.data)
        compared = set()
        for number, text in enumerate(texts, 1):
            if text not in compared and fits(text):
                compared.add(text)
                if difference := differs(engines.evaluate, machine.evaluate, action.query, text.decode()):
                    return f"{difference} on input {number} of those compared"
    except NoInputsError as error:
        return str(error)
    except EngineError as error:
        return f"the machine does not take it: {error}"
    return ""


def differs(interpreter: Callable[[str, str], str], machine: Callable[[str, str], str], query: str, text: str) -> str:
    """Return how two engines differ on one input, or nothing. Values are never quoted."""
    try:
        answer = machine(query, text)
    except EngineError:
        return "the machine gives no answer"
    try:
        expected = interpreter(query, text)
    except EngineError:
        return "the machine answers where the interpreter fails"
    return "" if canonical(answer) == canonical(expected) else "the engines differ"


def _texts(making: ContractInputs, action: Action, asked: list[Document]) -> Iterator[bytes]:
    """Yield what the engines are given: inputs that keep the contract, without the facts that it does not name."""
    contract = action.contract
    documents = chain(
        making.cases(action.name),
        (each for each in asked if not contract.check(each)),
        islice(_corrupted(making, action), CORRUPTIONS),
        making.made(action.name, count=INPUTS),
    )
    return (encode(contract.prune(document)) for document in documents)


def _corrupted(making: ContractInputs, action: Action) -> Iterator[Document]:
    """Yield the corruptions of the cases that still keep the contract, one of each case in turn."""
    maker = making.generator(action.name)
    running = [
        _changed(action, case, changes(case, action.contract.schema, maker)) for case in making.cases(action.name)
    ]
    while running:
        for each in [*running]:
            document = next(each, None)
            if document is None:
                running.remove(each)
            else:
                yield document


def _changed(action: Action, case: Document, made: Iterator[Change]) -> Iterator[Document]:
    for change in made:
        document = change.apply(case)
        if len(change.path) <= _ENTITY:
            try:
                document = parse_document(encode(document))
            except (MalformedRequestError, TooLargeError):
                continue
        if not action.contract.check(document):
            yield document


def _document(given: Any) -> Document | None:
    """Return the request that a test states, or nothing if it is none."""
    try:
        return parse_document(encode({"environment": ENVIRONMENT} | given))
    except (MalformedRequestError, TooLargeError, TypeError):
        return None


def _asked_by_tests(bundle: Bundle) -> Mapping[str, list[Document]]:
    """Return every input on which a Rego test asks for a decision, by the action it names."""
    told: dict[str, list[Document]] = {}

    def watch(given: Any) -> bool:
        document = _document(given)
        if document:
            told.setdefault(document["action"]["name"], []).append(document)
        return True

    sources = {file: _watched(bundle, file, source) for file, source in bundle.modules.items()}
    engine = Engine({**sources, **bundle.tests}, bundle.data, watch={_WATCH: watch})
    for test in policy_tests(bundle, parse_syntax_trees(engine.syntax_trees())):
        if test.file in bundle.tests:
            test.verify(bundle, engine)
    return told


def _watched(bundle: Bundle, file: str, source: str) -> str:
    """Return a module whose `decision`, which admission holds to one rule without a condition, tells its input."""
    if all(action.file != file for action in bundle.actions.values()):
        return source
    (module,) = parse_syntax_trees(Engine({file: source}, "{}").syntax_trees())
    (rule,) = [rule for rule in module.rules if rule.name == "decision"]
    end = rule.span["end"]
    return (module.source[:end] + f" if {_WATCH}(input)".encode() + module.source[end:]).decode()
