"""Engines that tests of policies run on: for each test one that holds only the modules that it can refer to.

Owns which engine a test gets. The engine looks through every module it holds whenever a query is evaluated, so a test
on the whole bundle pays for all that is in it, and a thousand tests do so a thousand times. Runs no test.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.pdp.bundle import Bundle, Packages
from app.pdp.engine import Engine


class TestEngines:
    """Engines of one bundle, made when they are first needed; data is shared. `sources` are its modules and tests."""

    __test__ = False  # its name is not for pytest

    def __init__(
        self,
        bundle: Bundle,
        sources: Mapping[str, str],
        *,
        coverage: bool = False,
        watch: Mapping[str, Callable[[Any], bool | str]] | None = None,
    ) -> None:
        """Load all modules at once, and none yet for a single test; see `Engine` for `coverage` and `watch`.

        Raises:
            EngineError: a module does not parse, or the data is no JSON object.
        """
        self.whole = Engine(sources, bundle.data, coverage=coverage, watch=watch)
        self._empty = Engine({}, bundle.data, coverage=coverage, watch=watch)
        self._sources = sources
        self._packages = Packages(sources)
        self._engines: dict[str, Engine] = {}

    def of(self, name: str) -> Engine:
        """Return the engine for the tests and cases of a package or action; of one that there is not, the whole."""
        file = f"rego/{name.replace('.', '/')}_test.rego"
        if file not in self._sources:
            return self.whole
        if file not in self._engines:
            needed = self._packages.needed(file)
            self._engines[file] = self._empty.extended({path: self._sources[path] for path in needed})
        return self._engines[file]

    def covered(self) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
        """Return which lines were evaluated by any engine, and which by none; see `Engine.covered`."""
        found: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        for engine in (self.whole, *self._engines.values()):
            for file, (ran, missed) in engine.covered().items():
                before, open_before = found.get(file, (frozenset[int](), frozenset[int]()))
                found[file] = (before | ran, (open_before | missed) - before - ran)
        return found
