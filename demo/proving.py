"""Then: prove one decision to somebody who has nothing but a file, and make it again."""

import json

from demo.stage import KEY, Stage

_PROOF = "decision.proof"


def prove(stage: Stage, decision_id: str) -> None:
    """Prove one decision, and check the proof without the store."""
    screen = stage.screen
    screen.step("Prove one decision")
    screen.say(
        f"""Decision {decision_id} allowed a release to be published. Its proof is one small file: the record, its
        place under a seal, and the seal's place under a checkpoint. The auditor checks it without any store."""
    )
    said = stage.commands.omega("evidence", "prove", decision_id)
    (stage.elsewhere / _PROOF).write_text(said.output)
    screen.command(f"{said.line} > {_PROOF}")
    checked = stage.show(stage.commands.standalone("check-proof", _PROOF, "--key", KEY))
    screen.promise("the proof holds", kept=said.code == 0 and checked.code == 0)
    record = json.loads(stage.commands.omega("evidence", "show", decision_id).output)
    body = record["body"]
    screen.fact("what it shows", f"{body['caller']} asked for {body['action']} on {body['resource']['id']}: allowed")
    screen.fact(
        "what it hides", f"the person is {body['subject']['ref']}; the request is encrypted under that person's key"
    )


def replay(stage: Stage, decision_id: str) -> None:
    """Decide one recorded request again."""
    screen = stage.screen
    screen.step("Decide it again")
    screen.say(
        """The record names the policies that decided, by hash, and holds the request. So the decision can be made once
        more, and has to come out the same, byte for byte."""
    )
    said = stage.commands.omega("decision", "replay", decision_id)
    screen.command(said.line)
    screen.output(said.text.splitlines()[0])
    screen.promise("the same decision again, byte for byte", kept=said.code == 0)
