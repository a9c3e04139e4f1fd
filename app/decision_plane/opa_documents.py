"""What of a bundle a client of OPA may read: its entrypoints, and, if it may have decisions explained, its sources.

Pure. A caller sees the modules that its own actions are made of, the data files, and itself: not who else may ask.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.decision_plane.opa_query import member
from app.pdp.bundle import Bundle, needed
from app.pdp.enforce import Caller, Recorded
from app.pdp.entrypoint import Entrypoint

_ALLOW: Final = "allow"
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
                rest = tuple(names[end:])
                return cls(entrypoint=action.entrypoint, rest=rest) if _is_served(rest) else None
        return None

    def result(self, recorded: Recorded) -> tuple[Any, ...]:
        """Return what the path leads to in a recorded decision, alone in a tuple; undefined: an empty one."""
        return walk(document_of(recorded), self.rest)


def _is_served(rest: tuple[str, ...]) -> bool:
    """Tell whether every decision has this: the rest is looked for once there is one."""
    return rest in {(), (_ALLOW,)} or (rest[0] == _DECISION and (len(rest) == 1 or rest[1] in _MEMBERS))


def document_of(recorded: Recorded) -> dict[str, Any]:
    """Return the document of a package: what was recorded, and nothing that is evaluated again."""
    decision = recorded.decision.document()
    return {_ALLOW: decision["allow"], _DECISION: decision}


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
    data: dict[str, Any] = json.loads(bundle.data)
    actions = bundle.callers[caller.subject].actions
    data["rules"] = {name: rules for name, rules in data["rules"].items() if name in actions}
    data["callers"] = {name: said for name, said in data.get("callers", {}).items() if name == caller.subject}
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
