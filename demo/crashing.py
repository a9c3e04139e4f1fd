"""The middle: kill the service under load, start it again, and look for everything it had acknowledged."""

import json
from collections import Counter

from demo.client import Burst
from demo.deciding import await_proof
from demo.marketplace import PEOPLE, purchase
from demo.node import DemoError, Process
from demo.stage import CHECKPOINT, COPY, KEY, Stage

_CLIENTS = 16
_ENOUGH = 400  # answers until the power fails


def kill_under_load(stage: Stage) -> None:
    """Let many clients ask at once, and kill every process of the service in the middle."""
    screen = stage.screen
    screen.step("Pull the plug under load")
    screen.say(
        f"""{_CLIENTS} clients ask as fast as they can. After {_ENOUGH} answers, kill -9 hits every process of the
        service at once: nothing can be finished, flushed or said goodbye to."""
    )
    bodies = [json.dumps(purchase(f"buy-{number:04}")).encode() for number in range(_CLIENTS)]
    burst = Burst(client=stage.client, bodies=bodies, enough=_ENOUGH)
    enough = burst.start()
    killed = stage.node.kill()
    burst.finish()
    if not enough or burst.refused:
        raise DemoError(f"only {len(burst.acknowledged)} answers came, and {burst.refused} refusals")
    stage.acknowledged |= burst.acknowledged
    sealed = _sealed(stage)
    screen.fact("killed", _names(killed))
    screen.fact("acknowledged", f"{len(stage.acknowledged)} decisions so far, {len(burst.acknowledged)} in this burst")
    screen.fact("unanswered", f"{burst.unanswered} questions were under way; without an answer nobody may act")
    screen.fact("in the store", f"{sealed} records, sealed; what is newer lies in the journal on the service's disk")


def _names(killed: list[Process]) -> str:
    counts = Counter(process.role for process in killed)
    return f"{len(killed)} processes: " + ", ".join(f"{count} {role}" for role, count in counts.items())


def _sealed(stage: Stage) -> int:
    """Return how many records the store holds under seals, while no service runs."""
    report = stage.commands.omega("evidence", "verify", "--json").document
    if not report or not report["ok"]:
        raise DemoError(f"the store does not verify after the kill: {report}")
    return int(report["checked"]["records"])


def restart(stage: Stage) -> None:
    """Start the service again, copy its log, and look for every acknowledged decision."""
    screen = stage.screen
    screen.step("Start again, and look for every acknowledged decision")
    stage.node.start()
    screen.fact("service", f"ready again at {stage.node.url}; it read its journal and seals what was left there")
    await_proof(stage, max(stage.acknowledged, key=lambda decision_id: int(decision_id.rpartition("-")[2])))
    objects = stage.storage.copy_to(stage.elsewhere / COPY)
    screen.fact("auditor", f"copies the whole store: {objects} files in a folder called {COPY}")
    _compare(stage)


def _compare(stage: Stage) -> None:
    """Hold the copy against what was acknowledged."""
    lines = list(stage.copy.lines())
    records = [line.record for line in lines]
    hashes = {line.decision_id: line.leaf_hash for line in lines}
    lost = [each for each, leaf in stage.acknowledged.items() if hashes.get(each) != leaf]
    types = Counter(record["type"] for record in records)
    promise = stage.screen.promise
    count = len(stage.acknowledged)
    promise(f"all {count} acknowledged decisions are in the log, each with the hash its answer named", kept=not lost)
    ordered = [record["seq"] for record in records] == list(range(len(records)))
    promise(f"the {len(records)} records are numbered 0 to {len(records) - 1}: none twice, none missing", kept=ordered)
    starts = [record["epoch"] for record in records if record["type"] == "chain.opened"]
    promise("both starts of the service are on record", kept=starts == [1, 2])
    refusals = types["request.refused"]
    promise("the three malformed requests of a known caller are on record as refusals", kept=refusals == 3)  # noqa: PLR2004
    found = stage.copy.mentions(PEOPLE)
    promise("no person named in a request stands in the log in clear text", kept=not found)
    more = types["decision"] - count
    stage.screen.fact("beyond that", f"{more} decisions whose answers the kill cut off: recorded, never acted upon")


def verify(stage: Stage) -> None:
    """Run both verifiers over the good log."""
    screen = stage.screen
    screen.step("Verify the log")
    screen.say(
        f"""Two verifiers, written independently. The first belongs to the service and reads its store. The second is
        one file that needs Python's standard library and nothing else: the auditor runs it on the copy, with the
        public key ({KEY}) and the checkpoint kept before the crash ({CHECKPOINT})."""
    )
    own = stage.show(stage.commands.omega("evidence", "verify", "--checkpoint", CHECKPOINT))
    screen.promise("the service's verifier finds nothing wrong", kept=own.code == 0)
    alone = stage.show(stage.commands.standalone("verify", COPY, "--key", KEY, "--checkpoint", CHECKPOINT))
    screen.promise("the auditor's verifier finds nothing wrong", kept=alone.code == 0)
