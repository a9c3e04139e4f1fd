"""Which corrupted questions may be allowed, and why.

A question that breaks the contract is denied: there is no excuse. One within the contract may be allowed for one of
these reasons, which are looked for in this order:

* `hollow`: what is taken out was an empty object, and the contract demands nothing of it.
* `same`: a list has the same items in another order or more than once, and policy says the very same.
* `alias`: a text differs in capitals alone from another in the question, and policy says the same of both.
* `monitored`: gates no longer pass, and each of them is monitored, which denies nothing.
* `elsewhere`: gates and obligations are the same whatever stands there, because they hold for another reason; in
  another case of the action the very same fact decides.
* `within`: a number or a time that decides here; what it may be is one stretch, and both values lie in it.
* `named`: a text that decides here; policy, or the data it reads, is written with the new one.
* `reviewed`: `explained/<feature>.yaml` says why, by action, place and kind of change. What stands there and never
  happens has to go.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from random import Random

from app.pdp.contract_inputs import ContractInputs
from app.pdp.corruption import UNLIKE, changes
from app.pdp.decide import decide
from app.pdp.engine import Engine, Engines, Machine, compile_program
from app.pdp.errors import EngineError, EvaluationError, MalformedRequestError
from app.pdp.machine_agreement import differs
from app.pdp.machine_profile import profile
from app.pdp.request import parse_document
from app.pdp.strict_json import encode
from app.pdp.syntax import parse_syntax_trees

_LOOKED_AT_AGAIN = 16  # of so many answers of the machine, one is compared with the interpreter's
_TRIED = 64  # changes of a fact of a denied case, of each kind
_ENTITY = 2  # a path that long ends in what AuthZEN itself demands: type, id, properties


@dataclass(frozen=True, slots=True)
class Outcome:
    """What policy says; `held` is whether the contract did, `what` are the gates that passed and the obligations."""

    allow: bool
    held: bool
    what: tuple


class Policies:
    """The policies of a bundle, evaluated in this process, and the cases that lie beside them.

    The machine answers where it may, as it does for a worker: a run asks millions of times.
    """

    def __init__(self, bundle):
        self.bundle = bundle
        self._entries = json.loads(bundle.snapshot())["entries"]
        self._engines = Engines(bundle.modules, bundle.data, self._entries)
        self._machine = Machine(dict(self._programs()), bundle.data)
        self._asked = Counter()
        self.inputs = ContractInputs(bundle)
        self.cases = {name: self.inputs.told(name) for name in bundle.actions}

    def after(self, document, change):
        """Return what policy says of a document after a change, which may make it no request at all."""
        document = change.apply(document)
        if len(change.path) > _ENTITY:
            return self.decide(document)
        try:
            return self.decide(parse_document(encode(document)))
        except MalformedRequestError:
            return Outcome(allow=False, held=False, what=())

    def decide(self, document):
        """Return what policy says of a document."""
        running = decide(self.bundle, self._evaluate, document)
        try:
            running.send(None)
        except StopIteration as done:
            decided = done.value
        said = decided.decision
        return Outcome(said.allow, decided.contract_held, (said.passed, json.dumps(said.obligations, sort_keys=True)))

    def _programs(self):
        modules = {
            module.file: module for module in parse_syntax_trees(Engine(self.bundle.modules, "{}").syntax_trees())
        }
        for action in self.bundle.actions.values():
            files = self._entries[action.query]
            if not profile(self.bundle, action, [modules[file] for file in files]):
                needed = {file: self.bundle.modules[file] for file in files}
                yield action.query, compile_program(needed, action.query)

    async def _evaluate(self, query, text):
        text = text.decode()
        self._asked[query] += 1
        try:
            answer = self._machine.evaluate(query, text)
        except EngineError:  # also where there is no program
            return self._interpreted(query, text)
        if self._asked[query] % _LOOKED_AT_AGAIN == 0:
            assert not differs(self._engines.evaluate, self._machine.evaluate, query, text)
        return answer.encode()

    def _interpreted(self, query, text):
        try:
            return self._engines.evaluate(query, text).encode()
        except EngineError:
            raise EvaluationError("evaluation_failed") from None

    def named(self, action):
        """Return every text that the rules of an action, or the data they read, are written with."""
        return self.inputs.named(action)

    def changes(self, document):
        """Yield every corruption of a document."""
        action = document["action"]["name"]
        return changes(document, self.bundle.actions[action].contract.schema, self.generator(action))

    def generator(self, action):
        """Return what makes facts for an action out of everything its rules, data and cases are written with."""
        return self.inputs.generator(action)


@dataclass(slots=True)
class Tally:
    """What became of the corruptions of one action. `allowed` counts reasons; `wrong` must not be, ever."""

    mutations: int = 0
    broken: int = 0
    denied: int = 0
    allowed: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)
    unexplained: dict = field(default_factory=lambda: defaultdict(list))
    used: set = field(default_factory=set)

    def line(self, action):
        """Return the tally on one line."""
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(self.allowed.items()))
        unexplained = sum(map(len, self.unexplained.values())) + len(self.wrong)
        return (
            f"{action}: {self.mutations} corruptions: {self.broken} break the contract, {self.denied} denied, "
            f"{sum(self.allowed.values())} explained ({reasons}), {unexplained} unexplained"
        )


@dataclass(slots=True)
class Trial:
    """A fact of one allowed case: every change of it within the contract, and what policy says then."""

    before: object
    golden: Outcome
    held: list

    def of(self, text):
        """Return what policy says where `text` stands, or None where the contract does not take it."""
        if text == self.before:
            return self.golden.what
        return next((outcome.what for change, outcome in self.held if change.value == text), None)

    def is_one_stretch(self):
        """Tell whether the values that policy allows are neighbours, the one before among them."""
        tried = [(change.value, outcome.allow) for change, outcome in self.held if change.kind in {"number", "time"}]
        values = [(self.before, True), *tried]
        flags = [allow for _, allow in sorted(values, key=lambda each: (each[0], not each[1]))]
        return False not in flags[flags.index(True) : len(flags) - flags[::-1].index(True)]


def corrupt(policies, action, explained):
    """Corrupt every case of `action` and return the tally; `explained` is what a person wrote, as place and kind."""
    tally, trials, deciding = Tally(), [], set()
    cases = [(document, policies.decide(document)) for document in policies.cases[action]]
    for document, golden in sorted(cases, key=lambda case: not case[1].allow):
        tried = _allowed_case if golden.allow else _denied_case
        trials += tried(policies, document, golden, tally, deciding)
    named = policies.named(action)
    for trial in trials:
        decides = any(outcome.what != trial.golden.what for _, outcome in trial.held)
        for change, outcome in trial.held:
            reason = _reason(trial, change, outcome, named) if decides else _reason_of_none(trial, change, deciding)
            if not outcome.allow:
                tally.denied += 1
            elif not outcome.held:
                tally.wrong.append(change)
            elif reason or (change.place, change.kind) in explained:
                tally.allowed[reason or "reviewed"] += 1
                tally.used |= set() if reason else {(change.place, change.kind)}
            else:
                tally.unexplained[change.place, change.kind].append(change.value)
    return tally


def _allowed_case(policies, document, golden, tally, deciding):
    """Return what was tried with each fact of a case that is allowed; note what breaks the contract, what decides."""
    trials = {}
    for change in policies.changes(document):
        outcome = policies.after(document, change)
        tally.mutations += 1
        if outcome.held:
            trial = trials.setdefault(change.path, Trial(_at(document, change.path), golden, []))
            trial.held.append((change, outcome))
            deciding |= {change.place} if outcome.what != golden.what else set()
        elif outcome.allow:
            tally.wrong.append(change)
        else:
            tally.broken += 1
    return trials.values()


def _denied_case(policies, document, golden, tally, deciding):
    """Note which facts of a case that the rules deny decide; return what is allowed once a fact is gone or no fact.

    A fact that becomes another good one may well turn a deny into an allow; one that is taken out, emptied or made
    something else must not, unless a person has said why: the kind of such a change is `undenied`. Of what a fact may
    become within the contract a few are tried: there are many such cases, and one in which it decides is enough.
    """
    trials, tried = [], Counter()
    made = list(policies.changes(document)) if golden.held else []
    Random(len(made)).shuffle(made)
    for change in made:
        if change.kind not in UNLIKE:
            tried[change.path, change.kind] += 1
            if change.place in deciding or tried[change.path, change.kind] > _TRIED:
                continue
        outcome = policies.after(document, change)
        if change.kind in UNLIKE:
            tally.mutations += 1
            tally.broken += not outcome.held
            if outcome.allow:
                freed = replace(change, kind="undenied")
                trials.append(Trial(_at(document, change.path), golden, [(freed, outcome)]))
            else:
                tally.denied += outcome.held
        if outcome.held and outcome.what != golden.what:
            deciding.add(change.place)
    return trials


def _at(document, path):
    for name in path:
        document = document[name]
    return document


def _reason(trial, change, outcome, named):
    """Return why policy may allow a change of a fact that decides, or None."""
    if change.kind in {"repeated", "reordered"} and all(item in trial.before for item in change.value):
        return "same" if outcome.what == trial.golden.what else None
    if change.kind == "alias":
        return "alias" if outcome.what == trial.of(change.of) else None
    if change.kind != "undenied" and not set(trial.golden.what[0]) <= set(outcome.what[0]):
        return "monitored"  # `decide` has seen to it that no gate which blocks is among those that failed
    if change.kind in {"number", "time"} and trial.is_one_stretch():
        return "within"
    return "named" if change.kind == "text" and change.value in named else None


def _reason_of_none(trial, change, deciding):
    """Return why policy may allow a change of a fact that does not decide in this case, or None."""
    if trial.before == {}:
        return "hollow"
    if change.kind == "alias":
        return "alias"
    if change.kind in {"repeated", "reordered"} and all(item in trial.before for item in change.value):
        return "same"
    return "elsewhere" if change.place in deciding else None
