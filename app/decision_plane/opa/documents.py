"""What of a bundle a client of OPA may read: its entrypoints, and, if it may have decisions explained, its sources.

Pure. A caller sees the modules that its own actions are made of, the data files, and itself: not who else may ask.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app.decision_plane.opa.query import member
from app.pdp.bundle import Bundle, needed
from app.pdp.enforce import Caller, Recorded
from app.pdp.entrypoint import Entrypoint

_DECISION: Final = "decision"
_MEMBERS: Final = frozenset({"allow", "passed", "failed", "violations", "obligations", "diagnostics"})
_HEAD: Final = re.compile(r"^(?:default[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)(?=[ \t(\[.:=])", re.MULTILINE)
_INDEX: Final = re.compile("[0-9]{1,9}")
_NO_HEADS: Final = frozenset({"package", "import", "default", "else"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A path that is served: the entrypoint it leads through, and what is wanted of its document."""

    entrypoint: Entrypoint
    rest: tuple[str, ...]

    @classmethod
    def find(cls, bundle: Bundle, names: Sequence[str]) -> "Target | None":
        """Return the target at a path below `data`, the longest package first; None: no decision is to be had there."""
        if any("." in name for name in names):
            return None
        for end in range(len(names), 0, -1):
            action = bundle.actions.get(".".join(names[:end]))
            if action is not None and action.entrypoint is not None:
                found = cls(entrypoint=action.entrypoint, rest=tuple(names[end:]))
                return found if found._is_served else None
        return None

    @property
    def _is_served(self) -> bool:
        """Tell whether every decision has this, as far as names go that a policy cannot choose."""
        match self.rest:
            case () | ("decision",):
                return True
            case ("decision", name, *_):
                return name in _MEMBERS
            case _:
                return self.rest == (self.entrypoint.rule,)

    def result(self, recorded: Recorded) -> tuple[Any, ...]:
        """Return what the path leads to in a recorded decision, alone in a tuple; undefined: an empty one."""
        return walk(document_of(self.entrypoint, recorded), self.rest)


def document_of(entrypoint: Entrypoint, recorded: Recorded) -> dict[str, Any]:
    """Return the document of a package: what was recorded, and nothing that is evaluated again."""
    decision = recorded.decision.told()
    return {entrypoint.rule: decision["allow"], _DECISION: decision}


def walk(document: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Return what stands at a path of a URL, alone in a tuple; a name of digits counts in a list."""
    for name in names:
        step: str | int = int(name) if isinstance(document, list) and _INDEX.fullmatch(name) else name
        found = member(document, step)
        if not found:
            return ()
        document = found[0]
    return (document,)


def base_data(bundle: Bundle, caller: Caller) -> dict[str, Any]:
    """Return the data files, and of `rules` and `callers` what concerns the caller alone."""
    data, actions = _parsed(bundle.data), bundle.callers[caller.subject].actions
    rules = {name: rules for name, rules in data["rules"].items() if name in actions}
    return data | {"rules": rules, "callers": {caller.subject: data["callers"][caller.subject]}}


@lru_cache(maxsize=1)
def _parsed(text: str) -> dict[str, Any]:
    """Return the data of a bundle, which may be large: parsed once, and only if somebody reads it."""
    data: dict[str, Any] = json.loads(text)
    return data


def policies(bundle: Bundle, caller: Caller) -> list[dict[str, Any]]:
    """Return the modules that the caller's actions are made of, as OPA lists policies: `id`, `raw`, `ast`.

    Of the syntax tree there are the package and the names of the rules, which is what clients read of it.
    """
    actions = bundle.callers[caller.subject].actions
    files = {file for name in actions for file in needed(bundle.actions[name].file, bundle.modules)}
    return [_policy(file, bundle.modules[file]) for file in sorted(files)]


def _policy(file: str, source: str) -> dict[str, Any]:
    package = file.removeprefix("rego/").removesuffix(".rego").split("/")
    path = [{"type": "var", "value": "data"}, *({"type": "string", "value": name} for name in package)]
    names = sorted(set(_HEAD.findall(source)) - _NO_HEADS)
    tree = {"package": {"path": path}, "rules": [{"head": {"name": name}} for name in names]}
    return {"id": file, "raw": source, "ast": tree}
