"""A bundle: every file of a policy directory, what they mean together, and one digest over all of them.

    rego/<feature>/<verb>.rego          package of the action `<feature>.<verb>`: its gates and its `decision`
    rego/<verb>.rego                    the same of an action whose name is one word
    rego/<feature>/<verb>.schema.json   its input contract
    rego/lib/<name>.rego                what actions share
    rego/**/<name>_test.rego            tests
    data/<name>.json                    `data.<name>`
    data/directory.json                 whom and what a search looks among; no policy sees it
    cases/<name>.yaml                   decisions that an auditor can read
    scan/<name>.yar                     what an artifact of the marketplace is looked through for; no policy sees it
    mutants.yaml                        changes to a rule that no test can notice, and why
    OWNERS.yaml, allowed_signers        who has to approve a change, and who may sign one: they lie beside the bundle
                                        and are no part of it, as no decision depends on them

Owns what a bundle is made of, as far as text and JSON say so; whether the engine accepts it, and whether its policies
do what they should, is admission's business. Does not load the engine.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from app.pdp import enforcement, override_policy
from app.pdp.callers import Caller, parse_callers
from app.pdp.contract import Contract, parse_contract
from app.pdp.directory import Directory, parse_directory
from app.pdp.entrypoint import Entrypoint
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.json_places import place_of, place_of_breach
from app.pdp.metadata import Rule, parse_entrypoint, parse_keeping, parse_rules
from app.pdp.model import Decision, Keeping, Violation
from app.pdp.override_policy import OverridePolicy
from app.pdp.strict_json import parse

_MAX_FILES: Final = 5_000
_MAX_FILE_BYTES: Final = 1 << 20
_MAX_BUNDLE_BYTES: Final = 16 << 20
_MAX_SNAPSHOT_BYTES: Final = 64 << 20
EQUIVALENT_MUTANTS: Final = "mutants.yaml"
"""The file of a bundle that says which changes to its rules no test can notice; `mutation_score` reads it."""

_WORD: Final = "[a-z][a-z0-9_]*"
_MODULE: Final = re.compile(rf"rego/(?:{_WORD}/)*{_WORD}\.rego")
_SCHEMA: Final = re.compile(rf"rego/(?:{_WORD}/)*{_WORD}\.schema\.json")
_DATA: Final = re.compile(rf"data/({_WORD})\.json")
_CASES: Final = re.compile(r"cases/[a-z0-9_.-]+\.yaml")
_SCAN: Final = re.compile(rf"scan/{_WORD}\.yar")
_NOTES: Final = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.md")
_KNOWN: Final = (_MODULE, _SCHEMA, _DATA, _CASES, _SCAN, _NOTES, re.compile(re.escape(EQUIVALENT_MUTANTS)))
BESIDE: Final = frozenset({"OWNERS.yaml", "allowed_signers"})
"""Files that lie among those of a bundle and are none: they say who may change it, not what it decides."""

_TEST: Final = "_test.rego"
_DIRECTORY: Final = "data/directory.json"
_RULES: Final = "rules"
_ENFORCEMENT: Final = "enforcement"
_OVERRIDES: Final = "overrides"
_DERIVED: Final = frozenset({_RULES, _ENFORCEMENT, _OVERRIDES})
_PROSE: Final = re.compile(r"""\$?"(?:\\.|[^"\\\n])*"|\$?`[^`]*`|#[^\n]*""")  # strings and comments
_REFERENCE: Final = re.compile(r"(?<![\w.])data(?:\.\w+)*")
_PACKAGE: Final = re.compile(r"^package\s+([\w.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action that policy knows: the query that decides it, its gates, the contract of its facts.

    `violations` are what a decision says of each gate that failed, before any step of its enforcement, and `dated` says
    that there are such steps; `keeping` says how its decisions are kept. `entrypoint` says how clients of OPA ask for
    it, if they may. `answered` is where `decide` keeps what the decisions in the engine's latest answers are.
    """

    name: str
    query: str
    file: str
    rules: Mapping[str, Rule]
    violations: Mapping[str, Violation]
    contract: Contract
    keeping: Keeping
    entrypoint: Entrypoint | None
    dated: bool = False
    answered: dict[bytes, Decision] = field(default_factory=dict, compare=False, repr=False)

    def violation(self, gate: str, time: str) -> Violation:
        """Return what a decision made at `time` says where `gate` failed."""
        rule = self.rules[gate]
        return rule.violation(time) if rule.steps else self.violations[gate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Policies, data, contracts and callers of one revision.

    `files` has every file's text by its path; `modules` those Rego sources that decide, `tests` those that test them,
    `cases` the YAML files. `data` is the JSON text the engine is given: the data files, and `rules` from METADATA.
    `digest` is hex SHA-256 over the sorted lines `<hex SHA-256 of the file>  <path>`, as `sha256sum` prints them.
    `directories` has what each tenant registered for searches, `overrides` which gates can be overridden.
    `revision` says which commit it came from, `engine` what evaluates it.
    """

    files: Mapping[str, str]
    modules: Mapping[str, str]
    tests: Mapping[str, str]
    cases: Mapping[str, str]
    data: str
    digest: str
    revision: str
    engine: str
    actions: Mapping[str, Action]
    callers: Mapping[str, Caller]
    directories: Mapping[str, Directory]
    overrides: OverridePolicy

    @property
    def retention_classes(self) -> set[str]:
        """Return the classes that actions name; those that name none take the node's default."""
        return {action.keeping.retention for action in self.actions.values() if action.keeping.retention}

    def fingerprint(self) -> str:
        """Return hex SHA-256 of `snapshot`: whoever reads the same bytes again has the same policies and data."""
        return hashlib.sha256(self.snapshot()).hexdigest()

    def snapshot(self) -> bytes:
        """Return the bundle as one JSON object, for a process that evaluates it or `parse_snapshot`."""
        packages = Packages(self.modules)
        return json.dumps(
            {
                "modules": self.modules,
                "data": self.data,
                "entries": {action.query: packages.needed(action.file) for _, action in sorted(self.actions.items())},
                "digest": self.digest,
                "revision": self.revision,
                "files": self.files,
            },
            ensure_ascii=False,
        ).encode()


def load(directory: Path, revision: str) -> Bundle:
    """Return the bundle in `directory`.

    Raises:
        BundleError: a file is not readable or has no place in a bundle, or the files contradict each other.
    """
    if not directory.is_dir():
        raise BundleError(f".:1:1: `{directory}` is no directory")
    try:
        paths = sorted(path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())
        if len(paths) > _MAX_FILES:
            raise BundleError(f".:1:1: a bundle has at most {_MAX_FILES} files")
        named = {path.relative_to(directory).as_posix(): path for path in paths}
        files = {name: _read(directory, path) for name, path in named.items() if name not in BESIDE}
    except OSError as error:
        raise BundleError(f".:1:1: cannot read the bundle: {error.strerror}") from None
    return _bundle(files, revision)


def parse_files(files: Mapping[str, bytes], revision: str) -> Bundle:
    """Return the bundle of `files`, by their paths, wherever they lie.

    Raises:
        BundleError: see `load`.
    """
    if len(files) > _MAX_FILES:
        raise BundleError(f".:1:1: a bundle has at most {_MAX_FILES} files")
    return _bundle({path: _text(path, data) for path, data in files.items() if path not in BESIDE}, revision)


def load_snapshot(path: Path) -> Bundle:
    """Return the bundle that is kept at `path`, which is named for its digest: the way to policies on disk.

    Raises:
        BundleError: it is none, or not the one of this name.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size  # `read` takes the room for all that it is allowed, at once
        bundle = parse_snapshot(file.read(min(size, _MAX_SNAPSHOT_BYTES) + 1))
    if bundle.digest != path.stem:
        raise BundleError(f"{path.name}:1:1: holds the bundle {bundle.digest}")
    return bundle


def parse_snapshot(data: bytes) -> Bundle:
    """Return the bundle that `snapshot` wrote.

    Raises:
        BundleError: the bytes are no snapshot, or the files in it are not those it was made of.
    """
    try:
        value = parse(data, max_bytes=_MAX_SNAPSHOT_BYTES)
    except (MalformedRequestError, TooLargeError) as error:
        raise BundleError(f"snapshot:1:1: {error}") from None
    files, revision = (value.get("files"), value.get("revision")) if isinstance(value, dict) else (None, None)
    if not isinstance(files, dict) or not isinstance(revision, str) or not all(map(_is_text, files.values())):
        raise BundleError("snapshot:1:1: no snapshot of a bundle")
    bundle = _bundle(files, revision)
    if bundle.digest != value.get("digest") or bundle.snapshot() != data:
        raise BundleError("snapshot:1:1: what it holds is not what its files say")
    return bundle


def needed(file: str, modules: Mapping[str, str]) -> list[str]:
    """Return the modules that a module can refer to, itself included: those whose package its source may name."""
    return Packages(modules).needed(file)


class Packages:
    """The packages of modules, found by their names; made once for all modules, it takes no longer for each of many."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._at: dict[str, set[str]] = {}
        self._from: dict[str, set[str]] = {}
        for path, source in modules.items():
            [package] = _PACKAGE.findall(source)[:1] or [""]
            name = f"data.{package}"
            self._at.setdefault(name, set()).add(path)
            for beginning in (*_beginnings(name), name):
                self._from.setdefault(beginning, set()).add(path)

    def needed(self, file: str) -> list[str]:
        """See the function of this name."""
        needed, waiting = {file}, [file]
        while waiting:
            source = _PROSE.sub(_without_prose, self._modules[waiting.pop()])
            for name in set(_REFERENCE.findall(source)):  # `data` alone, or before a bracket, may be anything
                met = self._from.get(name, set()).union(*(self._at.get(each, ()) for each in _beginnings(name)))
                waiting += met - needed
                needed |= met
        return sorted(needed)


def _without_prose(found: re.Match[str]) -> str:
    """Return what stands for a string or comment: nothing refers to anything in it, but in a template string."""
    return found[0] if found[0].startswith("$") else " "


def _beginnings(name: str) -> Iterator[str]:
    """Yield what a path begins with, segment by segment, itself not included."""
    return (name[:place] for place, mark in enumerate(name) if mark == ".")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _read(directory: Path, path: Path) -> str:
    name = path.relative_to(directory).as_posix()
    if path.is_symlink() or not path.is_file():
        raise BundleError(f"{name}:1:1: a bundle holds regular files alone")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise BundleError(f"{name}:1:1: larger than {_MAX_FILE_BYTES} bytes")
    return _text(name, path.read_bytes())


def _text(name: str, data: bytes) -> str:
    if len(data) > _MAX_FILE_BYTES:
        raise BundleError(f"{name}:1:1: larger than {_MAX_FILE_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BundleError(f"{name}:{place_of_breach(error.object, 'not_utf8')}: not UTF-8") from None


def _bundle(files: dict[str, str], revision: str) -> Bundle:
    encoded = {path: text.encode() for path, text in sorted(files.items())}
    if sum(map(len, encoded.values())) > _MAX_BUNDLE_BYTES:
        raise BundleError(f".:1:1: a bundle has at most {_MAX_BUNDLE_BYTES} bytes")
    for path in encoded:
        if not any(known.fullmatch(path) for known in _KNOWN):
            raise BundleError(f"{path}:1:1: has no place in a bundle; see the list in docs/policies.md")
    listing = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in encoded.items())
    modules = {path: files[path] for path in encoded if _MODULE.fullmatch(path) and not path.endswith(_TEST)}
    tables = {found[1]: _table(path, data) for path, data in encoded.items() if (found := _DATA.fullmatch(path))}
    directory = tables.pop("directory", {})  # kept from the engine: a search states its facts as a caller would
    actions = _actions(encoded, modules, tables.pop("enforcement", {}))
    overrides = override_policy.parse_overrides(
        encoded.get(override_policy.FILE, b""), tables.pop("overrides", {}), _overridable(actions)
    )
    if not actions:
        raise BundleError(".:1:1: the directory holds no action; write `rego/<feature>/<verb>.rego`")
    _refuse_shadows(tables, actions)
    derived = {
        _RULES: {name: {gate: rule.document() for gate, rule in each.rules.items()} for name, each in actions.items()},
        _ENFORCEMENT: {name: enforcement.table(each.rules) for name, each in actions.items()},
        _OVERRIDES: overrides.document(),
    }
    return Bundle(
        files={path: files[path] for path in encoded},
        modules=modules,
        tests={path: files[path] for path in encoded if path.endswith(_TEST)},
        cases={path: files[path] for path in encoded if _CASES.fullmatch(path)},
        data=json.dumps(tables | derived, ensure_ascii=False, sort_keys=True),
        digest=hashlib.sha256(listing.encode()).hexdigest(),
        revision=revision,
        engine=f"regorus/{version('gordon-to-regorus')}",
        actions=actions,
        callers=parse_callers(
            "data/callers.json", encoded.get("data/callers.json", b""), tables.get("callers", {}), actions.keys()
        ),
        overrides=overrides,
        directories=parse_directory(_DIRECTORY, encoded.get(_DIRECTORY, b""), directory),
    )


def _table(path: str, data: bytes) -> dict[str, Any]:
    try:
        value = parse(data, max_bytes=_MAX_FILE_BYTES)
    except (MalformedRequestError, TooLargeError) as error:
        raise BundleError(f"{path}:{place_of_breach(data, error.code)}: {error}") from None
    if not isinstance(value, dict):
        raise BundleError(f"{path}:1:1: data is an object")
    return value


def _actions(files: Mapping[str, bytes], modules: Mapping[str, str], stated: dict[str, Any]) -> dict[str, Action]:
    actions = {}
    for file, source in modules.items():
        if file.startswith("rego/lib/"):
            continue
        stem = file.removesuffix(".rego")
        name = stem.removeprefix("rego/").replace("/", ".")
        schema = f"{stem}.schema.json"
        if schema not in files:
            raise BundleError(f"{file}:1:1: action `{name}` has no contract; write `{schema}`")
        said = stated.get(name, {})
        rules = enforcement.stated(parse_rules(file, source), said, name, files.get(enforcement.FILE, b""))
        if not rules:
            raise BundleError(f"{file}:1:1: action `{name}` has no gate with METADATA")
        contract = parse_contract(schema, files[schema])
        actions[name] = Action(
            name=name,
            query=f"data.{name}.decision",
            file=file,
            rules=rules,
            violations={gate: rule.violation() for gate, rule in rules.items()},
            contract=contract,
            keeping=parse_keeping(file, source),
            entrypoint=parse_entrypoint(file, source, name),
            dated=any(rule.steps for rule in rules.values()),
        )
    described = {f"{action.file.removesuffix('.rego')}.schema.json" for action in actions.values()}
    if alone := sorted(path for path in files if _SCHEMA.fullmatch(path) and path not in described):
        raise BundleError(f"{alone[0]}:1:1: a contract without its action; write the Rego file beside it")
    if unknown := sorted(stated.keys() - actions.keys()):
        place = place_of(files[enforcement.FILE], unknown[:1])
        raise BundleError(f"{enforcement.FILE}:{place}: there is no action `{unknown[0]}`")
    return actions


def _overridable(actions: Mapping[str, Action]) -> dict[str, frozenset[str]]:
    """Return the gates that an override may be for: an override names the resource, and no person unasked."""
    return {
        name: frozenset(action.rules) if action.contract.public_resource_id else frozenset()
        for name, action in actions.items()
    }


def _refuse_shadows(tables: Mapping[str, Any], actions: Mapping[str, Action]) -> None:
    """Raise where a data file would stand in the place of a package, or either in that of what every policy finds."""
    for action in actions.values():
        first = action.name.partition(".")[0]
        if first in _DERIVED or action.name == "lib":
            raise BundleError(f"{action.file}:1:1: `data.{first}` is taken; name the action differently")
    taken = {_RULES, "lib", *(name.partition(".")[0] for name in actions)}
    if shadows := sorted(taken & tables.keys()):
        raise BundleError(f"data/{shadows[0]}.json:1:1: `data.{shadows[0]}` is taken; name the file differently")
