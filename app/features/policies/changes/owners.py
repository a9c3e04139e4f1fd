"""Who has to approve a change, by the paths it touches: the file `policies/OWNERS.yaml`, and what follows. Pure.

    owners:
      - paths: ["policies/**"]
        roles: [compliance_officer, security_officer]
        quorum: 2
        distinct_roles: 2
    people:
      - [8c1f0a52, alice@example.org, alice@old.example.org]

Of the entries with a glob that matches a path the last one counts, so what is general stands first. A path that no
entry matches belongs to nobody, and a change of it cannot be merged. `people` lists the names of one person on one
line, the first of them the id at the identity provider: without it nobody could tell an author from an approver.

Owns the form of the file and the arithmetic of approvals. Knows neither Git nor who holds which role.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

from app.features.policies.errors import OwnersError
from app.pdp.errors import BundleError
from app.pdp.strict_yaml import parse_yaml

PATH: Final = "policies/OWNERS.yaml"
"""Where the file lies in a policy repository."""

GUARDED: Final = (PATH, "policies/allowed_signers")
"""What says who may do what: never approved by one role alone, whatever the entries say."""

MAX_BYTES: Final = 1 << 18
MOST: Final = 64
"""Of entries, of globs and roles of one, of names of a person: what a contract takes."""

_ROLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NAME: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_GLOB: Final = re.compile(r"[A-Za-z0-9._*?@+-]+(?:/[A-Za-z0-9._*?@+-]+)*", re.ASCII)
_MOST_PEOPLE: Final = 5_000
_TWO: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one entry of the file asks of a change: `quorum` persons, in `distinct_roles` of these `roles` at least."""

    paths: tuple[str, ...]
    roles: tuple[str, ...]
    quorum: int
    distinct_roles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An approval as far as it counts here: who gave it, and in which role."""

    person: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a change needs: every demand of an entry that it touches, and which of its paths belong to nobody."""

    demands: tuple[Demand, ...] = ()
    unowned: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles in which an approval counts for something, sorted."""
        return tuple(sorted({role for demand in self.demands for role in demand.roles}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a demand still lacks: so many persons, so many roles that nobody approved in, out of `roles`."""

    demand: Demand
    persons: int
    roles: int


@dataclass(frozen=True, kw_only=True)
class Owners:
    """The file as a value."""

    demands: tuple[Demand, ...]
    people: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def needed(self, paths: Iterable[str]) -> Requirements:
        """Return what a change of `paths` (of the whole repository, with `/`) needs."""
        demands: dict[Demand, None] = {}
        unowned = []
        for path in sorted(set(paths)):
            if (found := self._of(path)) is None:
                unowned.append(path)
            else:
                demands[found] = None
        return Requirements(demands=tuple(demands), unowned=tuple(unowned))

    def person(self, name: str) -> tuple[str, ...] | None:
        """Return all names of the person whom `name` is one of, the first the id at the identity provider; or None."""
        return self._people.get(folded(name))

    def _of(self, path: str) -> Demand | None:
        for demand in reversed(self.demands):
            if any(matches(glob, path) for glob in demand.paths):
                return demand
        return None

    @cached_property
    def _people(self) -> Mapping[str, tuple[str, ...]]:
        return {folded(name): names for names in self.people for name in names}


def folded(name: str) -> str:
    """Return a name as it is compared: two that differ in capitals alone are of one person."""
    return name.casefold()


def missing(requirements: Requirements, approvals: Sequence[Given]) -> tuple[Missing, ...]:
    """Return what is still lacking, demand by demand; nothing, and the approvals do.

    Of two approvals of one person the first counts alone: nobody is two persons, and nobody counts in two roles.
    """
    counted: dict[str, Given] = {}
    for each in approvals:
        counted.setdefault(folded(each.person), each)
    lacking = (_missing(demand, list(counted.values())) for demand in requirements.demands)
    return tuple(each for each in lacking if each.persons or each.roles)


def satisfied(requirements: Requirements, approvals: Sequence[Given]) -> bool:
    """Tell whether `approvals` are all that is needed. Where a path belongs to nobody, or none is touched: never."""
    return bool(requirements.demands) and not requirements.unowned and not missing(requirements, approvals)


def _missing(demand: Demand, approvals: Sequence[Given]) -> Missing:
    fitting = [each for each in approvals if each.role in demand.roles]
    return Missing(
        demand=demand,
        persons=max(0, demand.quorum - len(fitting)),
        roles=max(0, demand.distinct_roles - len({each.role for each in fitting})),
    )


def matches(glob: str, path: str) -> bool:
    """Tell whether a glob of the file matches a path: `*` and `?` stay within a name, `**` is any number of names."""
    return _compiled(glob).fullmatch(path) is not None


@lru_cache(maxsize=4_096)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = glob.split("/")
    pattern = ""
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        if part == "**":
            pattern += ".+" if last else "(?:[^/]+/)*"
        else:
            pattern += "".join(_WILD.get(char, re.escape(char)) for char in part) + ("" if last else "/")
    return re.compile(pattern, re.DOTALL)


_WILD: Final = {"*": "[^/]*", "?": "[^/]"}


def parse_owners(data: bytes) -> Owners:
    """Return what the bytes of `OWNERS.yaml` say.

    Raises:
        OwnersError: they have another form, or leave what says who may do what to one role.
    """
    if len(data) > MAX_BYTES:
        raise OwnersError(f"{PATH}: larger than {MAX_BYTES} bytes")
    try:
        value = parse_yaml(PATH, data.decode())
    except UnicodeDecodeError:
        raise OwnersError(f"{PATH}: not UTF-8") from None
    except BundleError as error:
        raise OwnersError(str(error)) from None
    if not isinstance(value, dict) or value.keys() != {"owners", "people"}:
        raise OwnersError(f"{PATH}: write `owners:` and `people:` with a list below each, and nothing else")
    entries = _listed(value["owners"], "`owners`", MOST)
    owners = Owners(
        demands=tuple(_demand(f"{PATH}: entry {number}", entry) for number, entry in enumerate(entries, 1)),
        people=_people(_listed(value["people"], "`people`", _MOST_PEOPLE, least=0)),
    )
    for path in GUARDED:
        for demand in owners.needed([path]).demands or (None,):
            if demand is None or demand.quorum < _TWO or demand.distinct_roles < _TWO:
                raise OwnersError(
                    f"{PATH}: `{path}` needs two persons of two roles; the last entry that matches counts"
                )
    return owners


def _demand(where: str, value: Any) -> Demand:
    if not isinstance(value, dict) or value.keys() != {"paths", "roles", "quorum", "distinct_roles"}:
        raise OwnersError(f"{where}: an entry has paths, roles, quorum, distinct_roles")
    paths = _words(where, "paths", value["paths"], _GLOB)
    if any(part in {".", ".."} or ("**" in part and part != "**") for path in paths for part in path.split("/")):
        raise OwnersError(f"{where}: a path has no `.` or `..`, and `**` stands alone between two slashes")
    roles = _words(where, "roles", value["roles"], _ROLE)
    quorum, distinct = value["quorum"], value["distinct_roles"]
    if type(quorum) is not int or type(distinct) is not int or not 1 <= distinct <= quorum <= MOST:
        raise OwnersError(f"{where}: quorum is 1 to {MOST} persons, distinct_roles 1 to as many as quorum")
    if distinct > len(roles):
        raise OwnersError(f"{where}: more distinct_roles are wanted than there are roles")
    return Demand(paths=paths, roles=roles, quorum=quorum, distinct_roles=distinct)


def _people(listed: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    people, taken = [], set[str]()
    for number, names in enumerate(listed, 1):
        where = f"{PATH}: person {number}"
        words = _words(where, "names", names, _NAME)
        own = {folded(name) for name in words}
        if own & taken:
            raise OwnersError(f"{where}: has a name of another person")
        taken |= own
        people.append(words)
    return tuple(people)


def _words(where: str, what: str, value: Any, form: re.Pattern[str]) -> tuple[str, ...]:
    listed = _listed(value, f"{what} of {where.removeprefix(f'{PATH}: ')}", MOST)
    if not all(isinstance(word, str) and form.fullmatch(word) for word in listed) or len(set(listed)) != len(listed):
        raise OwnersError(f"{where}: {what} has a word of another form, or one twice")
    return tuple(listed)


def _listed(value: Any, what: str, most: int, *, least: int = 1) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise OwnersError(f"{PATH}: {what} is a list of {least} to {most}")
    return value
