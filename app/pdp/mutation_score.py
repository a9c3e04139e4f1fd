"""How well the tests of a bundle hold its policies: of all mutants, how many make a test fail.

Owns which tests have to notice which mutant, and the file in which a person says why nothing can notice one. A package
answers for itself: its mutants meet the Rego tests beside it and, where it is an action, the cases that ask for it.
Whoever asks has the bundle admitted first: policies are run in this process.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.pdp import enforcement
from app.pdp.bundle import EQUIVALENT_MUTANTS, Action, Bundle, needed
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError
from app.pdp.model import Enforcement
from app.pdp.mutation import Mutant, mutants
from app.pdp.policy_test import PolicyTest, policy_tests
from app.pdp.strict_yaml import parse_yaml
from app.pdp.syntax import Module, parse_syntax_trees

_MEMBERS: Final = ("package", "rule", "change", "reason")
_HELD: Final = frozenset({"decision"})
"""Rules of an action that admission holds to one form, so that nobody can write their mutants."""

Key = tuple[str, str, str]
"""What a mutant is known by for as long as it exists: its package, its rule, its change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant with which every test passes; `reason` says why none could fail, and is empty where nobody said."""

    mutant: Mutant
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageScore:
    """What became of the mutants of one package; those that do not compile do not count."""

    package: str
    file: str
    killed: int
    survivors: tuple[Survivor, ...]

    @property
    def mutants(self) -> int:
        """Return how many mutants there were."""
        return self.killed + len(self.survivors)

    @property
    def unexplained(self) -> tuple[Survivor, ...]:
        """Return the survivors that show a hole in the tests."""
        return tuple(each for each in self.survivors if not each.reason)

    @property
    def percent(self) -> int:
        """Return how many of a hundred mutants that could be noticed are, rounded down."""
        return _percent(self.killed, len(self.unexplained))


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReport:
    """The score of each package, sorted by file; `stale` says what is explained and needs no explanation."""

    scores: tuple[PackageScore, ...]
    stale: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every survivor is explained, and nothing else is."""
        return not self.stale and not any(score.unexplained for score in self.scores)

    @property
    def percent(self) -> int:
        """Return how many of a hundred mutants of all packages that could be noticed are, rounded down."""
        return _percent(sum(each.killed for each in self.scores), sum(len(each.unexplained) for each in self.scores))

    def below(self, least: int) -> tuple[PackageScore, ...]:
        """Return the packages that score less than `least` percent."""
        return tuple(score for score in self.scores if score.percent < least)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    """A package, its mutants, the engine that has everything but its module, and the tests that have to notice.

    `gates` names the gate whose enforcement is changed by a mutant that leaves the source as it is.
    """

    name: str
    file: str
    bundle: Bundle
    mutants: tuple[Mutant, ...]
    gates: Mapping[Mutant, str]
    modules: Mapping[str, str]
    rest: Engine
    tests: list[PolicyTest]

    def key(self, mutant: Mutant) -> Key:
        return self.name, mutant.rule, mutant.change


def _percent(killed: int, unexplained: int) -> int:
    could = killed + unexplained
    return 100 * killed // could if could else 100


def _ignore(_: int, __: int) -> None: ...


def score(
    bundle: Bundle, *, only: Collection[str] | None = None, told: Callable[[int, int], None] = _ignore
) -> MutationReport:
    """Run the tests of each package against its mutants; `told` hears how many of how many mutants are done.

    `only` names the packages to look at (`studio.deploy`, `lib.clock`); without it, all are.

    Raises:
        BundleError: the engine does not take the bundle, a test fails before anything is changed, there is no such
            package, or the file of explanations is misshapen.
    """
    reasons = parse_reasons(EQUIVALENT_MUTANTS, bundle.files.get(EQUIVALENT_MUTANTS, "[]"))
    packages = list(_packages(bundle, only))
    done, total = 0, sum(len(package.mutants) for package in packages)
    scores = []
    for package in packages:
        killed, survivors = 0, []
        for mutant in package.mutants:
            changed = _changed(package, mutant)
            if changed and _is_noticed(package.tests, *changed):
                killed += 1
            elif changed:
                survivors.append(Survivor(mutant=mutant, reason=reasons.get(package.key(mutant), "")))
            done += 1
            told(done, total)
        scores.append(PackageScore(package=package.name, file=package.file, killed=killed, survivors=tuple(survivors)))
    expected = {key: reason for key, reason in reasons.items() if only is None or key[0] in only}
    return MutationReport(scores=tuple(scores), stale=tuple(_stale(expected, packages, scores)))


def parse_reasons(file: str, text: str) -> Mapping[Key, str]:
    """Return why mutants cannot be noticed, from a list of objects with `package`, `rule`, `change` and `reason`.

    Raises:
        BundleError: it is no such list, or explains a mutant twice.
    """
    entries = parse_yaml(file, text)
    members = ", ".join(f"`{name}`" for name in _MEMBERS)
    if not isinstance(entries, list):
        raise BundleError(f"{file}:1:1: list the mutants, each with {members}")
    reasons: dict[Key, str] = {}
    for entry in entries:
        if not _is_reason(entry):
            raise BundleError(f"{file}:1:1: a mutant has {members}, each a text, and nothing else")
        package, rule, change, reason = (entry[name] for name in _MEMBERS)
        if (package, rule, change) in reasons:
            raise BundleError(f"{file}:1:1: of `{package}`, `{rule}`: {change} stands twice")
        reasons[package, rule, change] = reason
    return reasons


def _is_reason(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == {*_MEMBERS}
        and all(isinstance(text, str) and text.strip() for text in entry.values())
    )


def _packages(bundle: Bundle, only: Collection[str] | None) -> Iterator[_Package]:
    try:
        syntax = parse_syntax_trees(Engine({**bundle.modules, **bundle.tests}, bundle.data).syntax_trees())
    except EngineError as error:
        raise BundleError(str(error)) from None
    modules = {".".join(module.package[1:]): module for module in syntax if module.file in bundle.modules}
    if unknown := sorted({*(only or ())} - modules.keys()):
        raise BundleError(f".:1:1: there is no package `{unknown[0]}`")
    tests = policy_tests(bundle, syntax)
    for name, module in sorted(modules.items(), key=lambda each: each[1].file):
        if only is None or name in only:
            yield _package(bundle, name, module, [test for test in tests if test.of == name])


def _package(bundle: Bundle, name: str, module: Module, tests: list[PolicyTest]) -> _Package:
    """Return a package and what its mutants meet; the engine looks through all it has, so it has no more than that."""
    beside = f"{module.file.removesuffix('.rego')}_test.rego"
    sources = {**bundle.modules, **({beside: bundle.tests[beside]} if beside in bundle.tests else {})}
    reached = {path for file in {module.file, beside} & sources.keys() for path in needed(file, sources)}
    modules = {path: sources[path] for path in sorted(reached)}
    rest = Engine({path: source for path, source in modules.items() if path != module.file}, bundle.data)
    whole = rest.extended({module.file: modules[module.file]})
    for test in tests:
        if error := test.verify(bundle, whole):
            raise BundleError(f"{test.file}:{test.line}:1: `{test.name}` fails before anything is changed: {error}")
    gates = _regarded(bundle.actions[name]) if name in bundle.actions else {}
    held = _HELD if name in bundle.actions else frozenset()
    made = sorted((*gates, *mutants(module, but=held)), key=lambda mutant: mutant.line)
    return _Package(
        name=name,
        file=module.file,
        bundle=bundle,
        mutants=tuple(made),
        gates=gates,
        modules=modules,
        rest=rest,
        tests=tests,
    )


def _regarded(action: Action) -> dict[Mutant, str]:
    """Return, for each gate, the mutant in whose METADATA it blocks instead of only reporting, or the other way."""
    regarded = {}
    for gate, rule in action.rules.items():
        change = f"`enforcement: {rule.enforcement}` becomes `enforcement: {_other(rule.enforcement)}`"
        mutant = Mutant(file=action.file, line=rule.line, rule=f"passed {gate}", change=change, source="")
        regarded[mutant] = gate
    return regarded


def _other(enforcement: Enforcement) -> Enforcement:
    return Enforcement.MONITORING if enforcement is Enforcement.BLOCKING else Enforcement.BLOCKING


def _changed(package: _Package, mutant: Mutant) -> tuple[Bundle, Engine] | None:
    """Return bundle and engine with `mutant`; nothing if it does not compile, which only a query shows."""
    if gate := package.gates.get(mutant):
        bundle = _with_other_enforcement(package.bundle, package.name, gate)
        return bundle, Engine(package.modules, bundle.data)
    try:
        engine = package.rest.extended({package.file: mutant.source})
        engine.evaluate("true", "{}")
    except EngineError:
        return None
    return package.bundle, engine


def _with_other_enforcement(bundle: Bundle, name: str, gate: str) -> Bundle:
    action = bundle.actions[name]
    rule = replace(action.rules[gate], enforcement=_other(action.rules[gate].enforcement), steps=())
    changed = replace(
        action,
        rules={**action.rules, gate: rule},
        violations={**action.violations, gate: rule.violation()},
        answered={},  # the same answer says something else here
    )
    data = json.loads(bundle.data)
    data["rules"][name][gate] = rule.document()
    data["enforcement"][name] |= enforcement.table({gate: rule})
    return replace(bundle, actions={**bundle.actions, name: changed}, data=json.dumps(data))


def _is_noticed(tests: list[PolicyTest], bundle: Bundle, engine: Engine) -> bool:
    """Tell whether a test fails. It comes first from then on: it may well notice the next mutant too."""
    for number, test in enumerate(tests):
        if test.verify(bundle, engine):
            tests.insert(0, tests.pop(number))
            return True
    return False


def _stale(reasons: Mapping[Key, str], packages: Sequence[_Package], scores: Sequence[PackageScore]) -> Iterator[str]:
    exist = {package.key(mutant) for package in packages for mutant in package.mutants}
    survive = {(each.package, one.mutant.rule, one.mutant.change) for each in scores for one in each.survivors}
    for key in reasons:
        if key not in survive:
            package, rule, change = key
            what = "a test notices this mutant" if key in exist else "there is no such mutant"
            yield f"{EQUIVALENT_MUTANTS}:1:1: {what}; take it out: `{package}`, `{rule}`: {change}"
