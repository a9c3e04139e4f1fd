"""The Rego engine, and the only module that imports it.

Owns what has to be true before the engine is loaded, which of its entry points are safe, and the translation of
everything it raises. Knows nothing of processes, bundles or decisions.

Only JSON text goes in and comes out: the entry points that take Python objects turn lone surrogates and deep values
into a dead process. An engine belongs to the thread that made it, and holds the interpreter lock while it evaluates.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final

from app.pdp.builtins import ADDED
from app.pdp.errors import EngineError, EnginePanicError
from app.pdp.extensions import EXTENSIONS

os.environ.setdefault("MIMALLOC_ARENA_RESERVE", "0")  # else the allocator reserves 1 GiB and no memory limit bites
os.environ.pop("RUST_BACKTRACE", None)  # else every error carries a stack trace and costs milliseconds

import regorus  # it reads the environment when it is loaded

ENGINE: Final = f"regorus/{version('gordon-to-regorus')}"
"""Name and version of the engine, as records state it."""


class _Translating:
    """Turns what the engine raises into `EngineError`, Rust panics too, which are a `BaseException` of their own."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None or isinstance(error, KeyboardInterrupt | SystemExit):
            return
        translated = EngineError if isinstance(error, Exception) else EnginePanicError
        raise translated(_one_line(str(error))) from None


_TRANSLATING: Final = _Translating()


class Engine:
    """Policies and data, loaded, ready to be asked.

    Loading checks syntax only. Unsafe variables show when the first query is evaluated, unknown functions and rules
    that contradict each other when they are; so ask every entry point once before trusting an engine.
    """

    def __init__(
        self,
        modules: Mapping[str, str],
        data: str,
        *,
        coverage: bool = False,
        watch: Mapping[str, Callable[[Any], bool | str]] | None = None,
    ) -> None:
        """Load `modules` (path to Rego source) and `data` (the text of one JSON object).

        `watch` names functions of one argument that the modules may call beside the ones a policy may.

        Raises:
            EngineError: a module does not parse, or `data` is no JSON object.
        """
        with _TRANSLATING:
            self._engine = regorus.Engine()
            for name, function in (watch or {}).items():
                self._engine.add_extension(name, 1, function)
            self._engine.set_enable_coverage(coverage)
            for name, function in EXTENSIONS.items():
                self._engine.add_extension(name, ADDED[name], function)
            for path, source in modules.items():
                self._engine.add_policy(path, source)
            self._engine.add_data_json(data)

    def extended(self, modules: Mapping[str, str]) -> "Engine":
        """Return an engine that has `modules` too; data is shared until one of the two changes it.

        Raises:
            EngineError: a module does not parse.
        """
        other = Engine.__new__(Engine)
        with _TRANSLATING:
            engine = self._engine.clone()
            for path, source in modules.items():
                engine.add_policy(path, source)
        other._engine = engine  # noqa: SLF001 its own class
        return other

    def evaluate(self, query: str, input_text: str) -> str:
        """Evaluate `query` against one input, the text of a JSON value, and return the engine's answer as JSON text.

        The answer is an object as OPA's query API writes it. Without a non-empty `result` the query is undefined.

        Raises:
            EngineError: the input is no JSON, the query does not parse, or a rule raised. The message quotes values.
            EnginePanicError: the engine broke down; throw it away.
        """
        with _TRANSLATING:
            self._engine.set_input_json(input_text)
            answer: str = self._engine.eval_query_as_json(query)
        return answer

    def syntax_trees(self) -> str:
        """Return the syntax trees of all modules, with their sources, as JSON text: a list, one element per module.

        Raises:
            EngineError: the engine cannot write them.
        """
        with _TRANSLATING:
            trees: str = self._engine.get_ast_as_json()
        return trees

    def covered(self) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
        """Return, per module path, the line numbers evaluated so far and those that were not; lines count from 1.

        Tells nothing unless the engine was made with `coverage`.

        Raises:
            EngineError: the engine cannot write its report.
        """
        with _TRANSLATING:
            report = json.loads(self._engine.get_coverage_report_as_json())
        return {file["path"]: (frozenset(file["covered"]), frozenset(file["not_covered"])) for file in report["files"]}


class Engines:
    """Policies and data, loaded once for each entry with only the modules that entry needs.

    The engine looks through every module it holds whenever a query is evaluated, so an action must not pay for the
    others'. Any other query is answered by an engine that holds them all. Data is shared.
    """

    def __init__(self, modules: Mapping[str, str], data: str, entries: Mapping[str, Collection[str]]) -> None:
        """Load `modules` and `data` (see `Engine`); `entries` names, for each query, the modules it needs.

        Each entry is asked once with an empty input: what regorus checks only then, shows now.

        Raises:
            EngineError: a module does not parse, `data` is no JSON object, or an entry raises.
            KeyError: an entry needs a module that is not there.
        """
        self._whole = Engine(modules, data)
        empty = Engine({}, data)
        self._engines = {
            query: empty.extended({path: modules[path] for path in needed}) for query, needed in entries.items()
        }
        for query in entries:
            self._whole.evaluate(query, "{}")
            self.evaluate(query, "{}")

    def evaluate(self, query: str, input_text: str) -> str:
        """See `Engine.evaluate`."""
        return self._engines.get(query, self._whole).evaluate(query, input_text)


_BEFORE: Final = '{"result":[{"expressions":[{"value":'
_AFTER: Final = "}]}]}"
_UNDEFINED: Final = '"<undefined>"'
"""What the virtual machine writes for no value, even in the middle of one."""


def compile_program(modules: Mapping[str, str], query: str) -> bytes:
    """Return the program of `modules` (path to Rego source) that answers `query`, the path of a rule.

    Raises:
        EngineError: a module does not parse, or holds what the virtual machine has no instructions for.
    """
    with _TRANSLATING:
        program = regorus.Program.compile_from_modules("{}", list(modules.items()), [query])
        compiled: bytes = program.serialize_binary()
    return compiled


class Machine:
    """The engine's virtual machine, with one program for each query and the data for all of them.

    It answers several times faster than the interpreter and stops by itself after 25,000 instructions. It finds no
    conflict between rules and computes with values that are not there, so `machine_profile` says what it may be asked.
    Like an engine it belongs to the thread that made it.
    """

    def __init__(self, programs: Mapping[str, bytes], data: str) -> None:
        """Load `programs` (query to what `compile_program` returned) and `data` (the text of one JSON object).

        Raises:
            EngineError: a program is none, or `data` is no JSON.
        """
        with _TRANSLATING:
            self._machine = regorus.Rvm()
            self._machine.set_data_json(data)
            loaded = {query: regorus.Program.deserialize_binary(program) for query, program in programs.items()}
        if any(partial for _, partial in loaded.values()):
            raise EngineError("a program of another version of the engine")  # pragma: no cover - needs one
        self._programs = {query: program for query, (program, _) in loaded.items()}

    def evaluate(self, query: str, input_text: str) -> str:
        """Evaluate one of the queries against one input and return the answer as `Engine.evaluate` writes it.

        Raises:
            EngineError: there is no such program, the input is no JSON, it takes too many instructions, or the
                answer is not defined in all its parts.
            EnginePanicError: the engine broke down; throw it away.
        """
        program = self._programs.get(query)
        if program is None:
            raise EngineError(f"no program for `{query}`")
        with _TRANSLATING:
            self._machine.load_program(program)
            self._machine.set_input_json(input_text)
            answer: str = self._machine.execute()
        if _UNDEFINED in answer:
            raise EngineError(f"`{query}` is not defined")
        return f"{_BEFORE}{answer}{_AFTER}"


def _one_line(message: str) -> str:
    """Return `path:line:column: what` for a message that points at a source, or else its first line.

    The engine writes `--> path:line:column`, the source line, a caret, then `error: what`; a stack trace may follow.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    place = next((line.removeprefix("--> ") for line in lines if line.startswith("--> ")), "")
    what = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    if place:
        return f"{place}: {what}"
    return what or (lines[0] if lines else "the engine gave no reason")
