"""Decisions of a tested population made again, as a job beside the requests: the same question, the policies of then.

The population is gathered anew from the sealed log and has to be the one that the run tested. Each decision is made
again by the decision plane, under the bundle that its record names: it has the persons' keys and the bundles, and tells
a verdict. The portal has neither, and is told no fact. Knows no table and no page.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.pep import RefusedError
from app.reporting.sampling import at_ranks
from app.reporting.spill import Spill, rows
from auditor_portal.beside import Told, WorkError
from auditor_portal.replaying import Replayed, Replayer
from auditor_portal.sources import told_as_work
from auditor_portal.testing.running import RunJob
from evidence.record import Position, Record
from frameworks import sampling

MOST: Final = 200
"""How many records of one population are made again at once: all of a smaller one, else one from each part of it."""

NO_DECISION: Final = "no_decision"
"""What is said of a record that is none, so that nothing is made again."""

_TRIES: Final = 10
_PAUSE: Final = 1.0  # seconds until the decision plane, which had no room, is asked once more
_DECISION: Final = "decision"

Again = dict[str, Any]
"""What it came to, as JSON: `population` (count, sha256, query), `seed`, `tried`, and of each record its position, the
revision and bundle that decided, the verdict, and the members of the result that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainJob:
    """Decisions of the population of one test made again; see `auditor_portal.beside.Job`.

    Attributes:
        run: the run of tests that is looked into, for the control of the test alone.
        test: whose population it is.
        sha256: of the population, as that run states it.
        count: how many records it has.
        replayer: has decisions made again; it goes along to the process in which this is done.
        most: how many at most.
        pause: waits for so many seconds.
    """

    run: RunJob
    test: str
    sha256: str
    count: int
    replayer: Replayer
    most: int = MOST
    pause: Callable[[float], None] = time.sleep

    def __call__(self, told: Told) -> Again:
        """Do it.

        Raises:
            WorkError: the population is not what it was, or decisions are not made again here or now.
        """
        with told_as_work():
            population, positions = self._drawn(told)
            seed = sampling.seed(self.run.engagement, self.run.control, self.sha256).hex()
            found = []
            for number, position in enumerate(positions):
                told(number, len(positions))
                found.append(self._again(position))
        return {"population": population, "seed": seed, "tried": len(found), "records": found}

    def _drawn(self, told: Told) -> tuple[dict[str, Any], list[str]]:
        """Return the population, and the positions in it of what is made again.

        Which these are is only known once the population is, so the log is read as the run reads it, and looked into.
        """
        positions: list[str] = []

        def look(spill: Spill) -> None:
            ranks = sampling.ranks(
                self.count,
                size=self.most,
                engagement=self.run.engagement,
                control=self.run.control,
                population_sha256=self.sha256,
            )
            if sum(1 for _ in rows(spill.path(self.test))) == self.count:
                positions.extend(at_ranks(spill.path(self.test), ranks))

        made = self.run.report(self.run.chosen(self.test), told, look)
        [population] = [each.document()["population"] for each in made.statements.values()]
        if population["sha256"] != self.sha256 or len(positions) != min(self.count, self.most):
            raise WorkError("the population is not the one that was tested: run the tests again")
        return {name: population[name] for name in ("count", "sha256", "query")}, positions

    def _again(self, position: str) -> dict[str, Any]:
        """Return what making one record again came to."""
        record = Record.parse(self.run.sources.log().reader.locate(Position.parse(position)).record)
        policy = record.body.get("policy", {}) if record.type == _DECISION else {}
        said = {name: policy.get(name, "") for name in ("revision", "bundle")}
        if record.type != _DECISION:
            return {"position": position, "verdict": NO_DECISION, "differences": [], **said}
        replayed = self._replayed(position)
        differences = list(replayed.differences)
        return {"position": position, "verdict": replayed.verdict.value, "differences": differences, **said}

    def _replayed(self, position: str) -> Replayed:
        for number in range(_TRIES):
            try:
                return self.replayer.replay(position)
            except RefusedError as error:
                if error.problem.code != "overloaded" or number == _TRIES - 1:
                    raise WorkError(_REFUSED.get(error.problem.code, _UNTOLD)) from error
                self.pause(_PAUSE)
        raise AssertionError  # pragma: no cover - the last try returns or raises


_UNTOLD: Final = "the decision plane does not answer"
_REFUSED: Final = {
    "forbidden": "the portal may not have decisions of this tenant made again: policy data say so of its caller",
    "not_found": "the decision plane does not know a decision of this population",
    "overloaded": "the decision plane has no room: try again later",
}


def by_revision(found: Again) -> Iterator[tuple[str, str, Counter[str]]]:
    """Yield revision and bundle of each policy that decided, and how often each verdict came of it."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for each in found["records"]:
        counted.setdefault((each["revision"], each["bundle"]), Counter())[each["verdict"]] += 1
    for revision, bundle in sorted(counted):
        yield revision, bundle, counted[revision, bundle]
