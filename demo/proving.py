"""Then: prove one decision to somebody who has nothing but a file, and make it again."""

from demo.questions import Caller
from demo.stage import KEY, Stage

_PROOF = "decision.proof"


def prove(stage: Stage, decision_id: str) -> None:
    """Prove one allowed decision, and check the proof without the store."""
    screen = stage.screen
    screen.step("Prove one decision")
    screen.say(
        """The first question above was allowed. Its proof is one small file: the record, its place under a seal, and
        the place of that seal under a checkpoint. Checking it takes the public key, and no store."""
    )
    said = stage.commands.omega("evidence", "prove", decision_id)
    (stage.elsewhere / _PROOF).write_text(said.output)
    screen.command(f"{said.line} > {_PROOF}")
    checked = stage.show(stage.commands.standalone("check-proof", _PROOF, "--key", KEY))
    screen.promise("the proof holds", kept=said.code == 0 and checked.code == 0)
    body = stage.client.find(decision_id, Caller.MARKETPLACE)["record"]["body"]
    screen.fact("it shows", f"{body['caller']} asked for {body['action']} on {body['resource']['id']}, and was allowed")
    screen.fact("it hides", f"who wanted it ({body['subject']['ref']}), and the request, which is encrypted")


def replay(stage: Stage, decision_id: str) -> None:
    """Decide one recorded request again."""
    screen = stage.screen
    screen.step("Make the decision again")
    screen.say(
        """The record names the policies that decided, by their hash, and keeps the request, encrypted. So the service
        can decide once more, and must come to the same result, byte for byte."""
    )
    said = stage.commands.omega("decision", "replay", decision_id)
    screen.command(said.line)
    screen.output(said.text.partition("\n")[0])
    screen.promise("the same decision, byte for byte", kept=said.code == 0)
