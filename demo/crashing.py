"""The middle: kill the service under load, start it again, and look for everything it had acknowledged."""

import json
from collections import Counter
from collections.abc import Sequence

from demo.client import Burst
from demo.deciding import PEOPLE, await_proof
from demo.marketplace import purchase
from demo.node import DemoError, Process
from demo.questions import Caller
from demo.stage import CHECKPOINT, COPY, KEY, Stage
from evidence.keys import VerifierKey
from evidence.verify import Verification

_CLIENTS = 16
_ENOUGH = 400  # answers until the service is killed


def kill_under_load(stage: Stage) -> None:
    """Let many clients ask at once, and kill every process of the service in the middle.

    Raises:
        DemoError: the clients were not answered.
    """
    screen = stage.screen
    screen.step("Kill the service under load")
    screen.say(
        f"""{_CLIENTS} clients ask as fast as they can. After {_ENOUGH} answers every process of the service is hit by
        kill -9: none of them gets the chance to finish or to save anything."""
    )
    bodies = [json.dumps(purchase(f"buy-{number:04}")).encode() for number in range(_CLIENTS)]
    burst = Burst(client=stage.client, bodies=bodies, enough=_ENOUGH)
    enough = burst.start()
    killed = stage.node.kill()
    burst.finish()
    if not enough or burst.refused:
        raise DemoError(f"only {len(burst.acknowledged)} answers came, and {burst.refused} refusals")
    stage.acknowledged |= burst.acknowledged
    screen.fact("killed", _names(killed))
    screen.fact(
        "acknowledged", f"{len(stage.acknowledged)} decisions in all, {len(burst.acknowledged)} of them just now"
    )
    screen.fact("unanswered", f"{burst.unanswered} questions got no answer any more; without one, nobody may act")
    screen.fact("in the store", f"{_sealed(stage)} records; what is newer lies in a journal on the service's own disk")


def _names(killed: Sequence[Process]) -> str:
    counts = Counter(process.role for process in killed)
    names = [role if count == 1 else f"{count} {role}s" for role, count in counts.items()]
    return f"{len(killed)} processes: {', '.join(names)}"


def _sealed(stage: Stage) -> int:
    """Return how many records the store holds under seals."""
    key = VerifierKey.parse((stage.elsewhere / KEY).read_text())
    return Verification(stage.storage.open(), key).run().checked.records


def restart(stage: Stage) -> None:
    """Start the service again, copy its log, and look for every acknowledged decision."""
    screen = stage.screen
    screen.step("Start again, and look for every acknowledged decision")
    stage.node.start()
    screen.fact("service", "ready again, and answering; what it found in its journal goes into the store now")
    newest = _ask_again(stage)
    await_proof(stage, newest, Caller.MARKETPLACE)
    objects = stage.storage.copy_to(stage.elsewhere / COPY)
    screen.fact("auditor", f"copies the whole store, {objects} files, into a folder called `{COPY}`")
    _compare(stage)


def _ask_again(stage: Stage) -> str:
    """Ask one more question, whose record stands behind all others; return its decision id.

    Raises:
        DemoError: it is not answered.
    """
    answer = stage.client.ask(json.dumps(purchase("buy-0000")).encode(), Caller.MARKETPLACE)
    if answer.decision_id is None:
        raise DemoError(f"the service started again and answers {answer.status}")
    stage.acknowledged[answer.decision_id] = answer.leaf_hash
    return answer.decision_id


def _compare(stage: Stage) -> None:
    """Hold the copy against what was acknowledged."""
    promise, count = stage.screen.promise, len(stage.acknowledged)
    lines = list(stage.copy.lines())
    records = [line.record for line in lines]
    hashes = {line.decision_id: line.leaf_hash for line in lines}
    lost = [each for each, leaf_hash in stage.acknowledged.items() if hashes.get(each) != leaf_hash]
    types = Counter(str(record["type"]) for record in records)
    promise(f"all {count} acknowledged decisions are there, each with the hash that its answer named", kept=not lost)
    numbers_of = {chain: [r["seq"] for r in records if r["chain"] == chain] for chain in {r["chain"] for r in records}}
    ordered = all(numbers == list(range(len(numbers))) for numbers in numbers_of.values())
    promise(f"the log's {len(records)} records are numbered without a gap, and no number came twice", kept=ordered)
    starts = Counter(record["class"] for record in records if record["type"] == "policy.activated")
    promise("both starts of the service are on record", kept=set(starts.values()) == {2})
    recorded, numbers = types["request.refused"] == len(stage.malformed), ", ".join(map(str, stage.malformed))
    promise(f"so are the malformed requests of known callers, as refusals ({numbers})", kept=recorded)
    found = stage.copy.mentions(PEOPLE)
    promise("nobody whom the requests named can be found in the log: people are pseudonyms there", kept=not found)
    more = types["decision"] - count
    stage.screen.fact("besides", f"{more} decisions on record whose answers the kill cut off; nobody acted on them")


def verify(stage: Stage) -> None:
    """Run both verifiers over the good log."""
    screen = stage.screen
    screen.step("Verify the log")
    screen.say(
        f"""There are two verifiers, written independently. The first comes with the service and reads its store. The
        second is a single file that needs Python and nothing else; the auditor runs it on the copy. Both are given
        the log's public key ({KEY}) and the checkpoint kept before the crash ({CHECKPOINT})."""
    )
    own = stage.show(stage.commands.omega("evidence", "verify", "--checkpoint", CHECKPOINT))
    screen.promise("the service's verifier: all holds", kept=own.code == 0)
    alone = stage.show(stage.commands.standalone("verify", COPY, "--key", KEY, "--checkpoint", CHECKPOINT))
    screen.promise("the auditor's verifier: all holds", kept=alone.code == 0)
    if stage.copy.strays():
        screen.say(
            """(A segment without a seal is what the kill left half done. It proves nothing and harms nothing: after
            the restart its records were stored again, under a seal.)"""
        )
