"""The first steps: start the service, ask it, keep a checkpoint."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from demo import marketplace
from demo.client import Answer
from demo.node import DemoError
from demo.questions import Caller, Question
from demo.screen import Column
from demo.stage import CHECKPOINT, KEY, Stage

_PATIENCE = 30.0  # seconds until a decision is under a checkpoint
_LOOK = 0.05
_OK = 200
_COLUMNS = (
    Column(title="#", width=2),
    Column(title="asked: may this happen?", width=32),
    Column(title="answer", width=7),
    Column(title="why"),
    Column(title="decision id", width=11),
)
_CODES = {
    "fact_type": "wrong type",
    "fact_missing": "missing",
    "unknown_action": "no policy knows this action",
    "caller_not_registered": "this caller may not ask that",
}
_OBLIGATIONS = {
    "label_preview": "label it as a preview",
    "verify_buyer": "verify the buyer",
    "alert_security": "alert security",
    "hold_for_review": "hold it for review",
}


def start(stage: Stage) -> None:
    """Start the service, and have a token signed for each caller."""
    stage.screen.step("Start the service")
    stage.node.start()
    stage.screen.fact("service", f"omega serve, at {stage.node.url}, reachable from this machine only")
    stage.screen.fact("store of the log", stage.storage.words)
    callers = (Caller.MARKETPLACE, Caller.BILLING)
    with ThreadPoolExecutor() as pool:
        issued = pool.map(lambda caller: stage.commands.omega("token", "issue", "--subject", caller.value), callers)
    for caller, said in zip(callers, issued, strict=True):
        if said.code:
            raise DemoError(said.errors)
        stage.tokens[caller] = said.output.strip()
    (stage.elsewhere / KEY).write_bytes((stage.node.data / "keys" / KEY).read_bytes())
    stage.screen.fact("auditor", f"a folder that plays another machine; it gets the log's public key, {KEY}")


def ask(stage: Stage) -> int:
    """Ask all questions, group by group, and return how many there were."""
    stage.screen.step("Ask for decisions")
    stage.screen.say(
        """An imaginary marketplace for AI agents asks before it acts, over HTTP. Every allow and every deny below was
        written to disk before the answer left. A decision id is the name of a chain of records and a position in it."""
    )
    groups = {
        "Putting an agent on sale": marketplace.publishing(),
        "Trading": marketplace.trading(datetime.now(UTC)),
        "Mistakes and strangers": marketplace.mistakes(),
    }
    done = 0
    for title, questions in groups.items():
        stage.screen.gap()
        stage.screen.say(f"{title}:")
        _ask_group(stage, questions, done)
        done += len(questions)
    return done


def _ask_group(stage: Stage, questions: Sequence[Question], before: int) -> None:
    answers = [stage.client.ask(question.body, question.caller) for question in questions]
    rows = []
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True), before + 1):
        if answer.decision_id is not None:
            stage.acknowledged[answer.decision_id] = answer.document["context"]["evidence"]["leaf_hash"]
        rows.append((str(number), question.asks, _word(answer), _why(answer), _short(answer.decision_id)))
    stage.screen.table(_COLUMNS, rows)
    wrong = [
        str(number)
        for number, (question, answer) in enumerate(zip(questions, answers, strict=True), before + 1)
        if not _as_promised(question, answer)
    ]
    promise = f"all {len(questions)} answers are what the policies promise"
    stage.screen.promise(promise + (f", except {', '.join(wrong)}" if wrong else ""), kept=not wrong)
    await_proof(stage, list(stage.acknowledged)[-1])


def _word(answer: Answer) -> str:
    if answer.status != _OK:
        return f"refused {answer.status}"
    return "allow" if answer.document["decision"] else "deny"


def _why(answer: Answer) -> str:
    """Return the reasons of an answer in plain words."""
    if answer.status != _OK:
        return str(answer.document.get("detail") or answer.document["title"])
    context = answer.document["context"]
    parts = [_reason(reason) for reason in context["reasons"]]
    parts += [_diagnostic(found) for found in context["diagnostics"]]
    parts += [f"to do: {_OBLIGATIONS.get(each['id'], each['id'])}" for each in context["obligations"]]
    return "; ".join(parts) or "every rule holds"


def _reason(reason: Mapping[str, Any]) -> str:
    tolerated = reason["enforcement"] == "monitoring"
    return ("noted only, not met: " if tolerated else "not met: ") + str(reason["message"])


def _diagnostic(found: Mapping[str, Any]) -> str:
    words = _CODES.get(found["code"], found["code"])
    return f"{words}: {found['path']}"


def _short(decision_id: str | None) -> str:
    if decision_id is None:
        return "none"
    chain, _, seq = decision_id.partition("-")
    return f"..{chain[-4:]}-{seq}"


def _as_promised(question: Question, answer: Answer) -> bool:
    """Tell whether an answer is the one expected, for the reasons expected and no others."""
    if answer.status != question.status:
        return False
    if answer.status != _OK:
        code = answer.document["type"].rpartition(":")[2]
        reason = answer.document.get("detail", "").partition(":")[0]
        return question.because <= {code, reason}
    context = answer.document["context"]
    given = {found["id"] for found in (*context["reasons"], *context["obligations"])}
    given |= {found["code"] for found in context["diagnostics"]}
    return answer.document["decision"] is question.allow and given == question.because


def await_proof(stage: Stage, decision_id: str) -> None:
    """Return once a decision is sealed in the store and under a checkpoint.

    Raises:
        DemoError: it does not come that far.
    """
    end = time.monotonic() + _PATIENCE
    while stage.client.find(decision_id).get("status") != "proven":
        if time.monotonic() > end:
            raise DemoError(f"decision {decision_id} is not under a checkpoint after {_PATIENCE:.0f} s")
        time.sleep(_LOOK)


def keep_checkpoint(stage: Stage) -> None:
    """Take the newest checkpoint to the auditor."""
    stage.screen.step("Keep a checkpoint elsewhere")
    stage.screen.say(
        """Records go to the store in segments, each under a signed seal. Every few seconds the service also publishes a
        checkpoint: a few signed lines that stand for all seals so far. Whoever keeps one elsewhere can later show
        whether history was cut or rewritten. The auditor takes one now."""
    )
    store = stage.storage.open()
    keys = list(store.keys("log/checkpoints/"))
    data = store.get(keys[-1])
    stage.kept_checkpoint = len(keys) - 1
    (stage.elsewhere / CHECKPOINT).write_bytes(data)
    origin, size, root = data.decode().splitlines()[:3]
    stage.screen.fact(CHECKPOINT, f"log {origin}, {size} seals, root hash of the tree over them {root}")
