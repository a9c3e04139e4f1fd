"""Cases: decisions by example, in YAML that an officer can write: a whole question, and the answer that is wanted.

Owns their form, what is said where one is misshapen, and how an answer is compared. docs/policies.md explains them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.bundle import Action, Bundle
from app.pdp.decide_here import decide_here
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.model import Severity
from app.pdp.request import parse_document
from app.pdp.strict_json import MAX_BYTES, encode
from app.pdp.strict_yaml import parse_placed_yaml
from frameworks.strict_yaml import Path, Place

ENVIRONMENT: Final = {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"}
"""The environment of a case that states none; the tenant is the one that its caller is registered for."""

_MAX_INPUT: Final = MAX_BYTES + 1_024  # a request as it comes over HTTP, and the environment
_MEMBERS: Final = ("note", "input", "want")
_LISTS: Final = ("failed", "obligations", "diagnostics")
_GRAVEST: Final = tuple(reversed(Severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a test: what it showed in a few words, what is wrong with that, or nothing, and what is at stake."""

    actual: str
    error: str
    severity: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: `given` is the input, `want` says `allow`, and `failed`, `obligations`, `diagnostics` as lists."""

    file: str
    line: int
    note: str
    given: dict[str, Any]
    want: dict[str, Any]

    @property
    def asked(self) -> str:
        """Return the action it asks for, or nothing: whether the input is a request shows when it is run."""
        action = self.given.get("action")
        name = action.get("name") if isinstance(action, dict) else None
        return name if isinstance(name, str) else ""

    @property
    def expected(self) -> str:
        """Return in a few words what is wanted."""
        return _words(self.want)

    def run(self, bundle: Bundle, engine: Engine) -> Outcome:
        """Return what `bundle`, which `engine` holds, makes of it."""
        action = bundle.actions.get(self.asked)
        try:
            document = parse_document(encode({"environment": _environment(bundle)} | self.given), max_bytes=_MAX_INPUT)
        except (MalformedRequestError, TooLargeError) as error:
            severity = gravest(action, self.want["failed"])
            return Outcome(actual="no request", error=f"the input is no request: {error}", severity=severity)
        decision = decide_here(bundle, engine, document).decision
        got: dict[str, Any] = {
            "allow": decision.allow,
            "failed": list(decision.failed),
            "obligations": [each["id"] for each in decision.obligations],
            "diagnostics": [each.code for each in decision.diagnostics],
        }
        wrong = [f"{name} is {got[name]}, want {self.want[name]}" for name in got if got[name] != self.want[name]]
        if wrong:
            wrong += _unknown(action, self.asked, self.want["failed"])
        severity = gravest(action, [*self.want["failed"], *decision.failed])
        return Outcome(actual=_words(got), error="; ".join(wrong), severity=severity)


def parse_cases(file: str, text: str) -> tuple[Case, ...]:
    """Return the cases in a YAML file of a bundle.

    Raises:
        BundleError: it is no list of cases; the message has the line of what is wrong.
    """
    cases, places = parse_placed_yaml(file, text)
    if not isinstance(cases, list) or not cases:
        line, column = places[()]
        raise BundleError(f"{file}:{line}:{column}: list the cases, each with `note`, `input`, `want`")
    return tuple(_case(file, case, number, places) for number, case in enumerate(cases))


def gravest(action: Action | None, gates: list[str]) -> Severity | None:
    """Return the severity of the gravest of some gates of an action, or of all its gates where it has none of these."""
    rules = action.rules if action else {}
    found = {rules[gate].severity for gate in gates if gate in rules} or {rule.severity for rule in rules.values()}
    return next((severity for severity in _GRAVEST if severity in found), None)


def _case(file: str, case: Any, number: int, places: Mapping[Path, Place]) -> Case:
    def refuse(what: str, *path: str) -> BundleError:
        line, column = places[number, *path]
        return BundleError(f"{file}:{line}:{column}: {what}")

    if not isinstance(case, dict):
        raise refuse("a case has `note`, `input` and `want`, and nothing else")
    for name in case:
        if name not in _MEMBERS:
            raise refuse(f"a case has `note`, `input` and `want`, and nothing else; not `{name}`", name)
    for name in _MEMBERS:
        if name not in case:
            raise refuse(f"a case has `note`, `input` and `want`; write `{name}`")
    note, given = case["note"], case["input"]
    if not isinstance(note, str) or not note.strip():
        raise refuse("`note` says in words what the case shows", "note")
    if not isinstance(given, dict):
        raise refuse("`input` is the question: `subject`, `action`, `resource`, perhaps `context`", "input")
    line, _ = places[number, "note"]
    return Case(file=file, line=line, note=note, given=given, want=_wanted(case["want"], note, refuse))


def _wanted(want: Any, note: str, refuse: Callable[..., BundleError]) -> dict[str, Any]:
    """Return the answer that is wanted, with everything that it leaves out."""
    members = f"case `{note}`: `want` says `allow`, and may say {', '.join(_LISTS)}"
    if not isinstance(want, dict) or "allow" not in want:
        raise refuse(members, "want")
    for name, value in want.items():
        if name not in {"allow", *_LISTS}:
            raise refuse(f"{members}; not `{name}`", "want", name)
        if name == "allow" and not isinstance(value, bool):
            raise refuse(f"case `{note}`: `allow` is true or false", "want", name)
        if name != "allow" and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            raise refuse(f"case `{note}`: `{name}` is a list of names", "want", name)
    return {name: [] for name in _LISTS} | want | {"failed": sorted(want.get("failed", []))}


def _environment(bundle: Bundle) -> dict[str, str]:
    registered = bundle.callers.get(ENVIRONMENT["caller"])
    return ENVIRONMENT | ({"tenant": registered.tenant} if registered else {})


def _words(said: Mapping[str, Any]) -> str:
    """Return `deny (ripe, weighed) + review_override`: the answer, what failed or was diagnosed, the obligations."""
    why = dict.fromkeys([*said["failed"], *said["diagnostics"]])
    duties = f" + {', '.join(said['obligations'])}" if said["obligations"] else ""
    return ("allow" if said["allow"] else "deny") + (f" ({', '.join(why)})" if why else "") + duties


def _unknown(action: Action | None, asked: str, gates: list[str]) -> list[str]:
    """Return what the case names that there is not, which may be why it fails."""
    if action is None:
        return [f"there is no action `{asked}`"]
    return [f"`{gate}` is no gate of `{asked}`" for gate in gates if gate not in action.rules]
