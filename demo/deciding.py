"""The first steps: start the service, ask it, keep a checkpoint."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from demo import controls, marketplace, recordings, studio, voice
from demo.client import OK, Answer
from demo.node import DemoError
from demo.questions import Caller, Question
from demo.screen import Column
from demo.stage import CHECKPOINT, KEY, Stage

PEOPLE = (*marketplace.PEOPLE, *studio.PEOPLE, *recordings.PEOPLE, *voice.PEOPLE, *controls.PEOPLE)
"""Everybody the questions speak of. The log must not."""

_MALFORMED = 400
_PATIENCE = 30.0  # seconds until a decision is under a checkpoint
_LOOK = 0.05  # seconds between two looks
_COLUMNS = (
    Column(title="#", width=2),
    Column(title="asked: may this happen?", width=31),
    Column(title="answer", width=11),
    Column(title="why"),
    Column(title="id", width=9),
)
_PROBLEMS = {
    ("unknown_action", "action/name"): "no policy knows this action",
    ("caller_not_registered", "environment/caller"): "this caller is not registered for that",
    ("caller_not_registered", "subject/type"): "this caller may not speak of such people",
}
_WORDS = {"fact_type": "wrong type", "fact_missing": "missing"}
_OBLIGATIONS = {
    "label_preview": "label it as a preview",
    "verify_buyer": "verify the buyer",
    "alert_security": "alert security",
    "hold_for_review": "hold it for review",
    "review_override": "review the override afterwards",
    "stop_at_cost": "stop it at the limit of its cost",
    "request_approval": "ask for an approval",
    "request_second_factor": "ask for a second factor",
    "attach_consents": "attach the consents",
    "destroy_keys": "destroy its keys",
    "simulate_only": "only simulate it",
    "alert_operations": "alert operations",
}


def start(stage: Stage) -> None:
    """Start the service, and have a token signed for each caller.

    Raises:
        DemoError: the service does not start, or signs none.
    """
    screen = stage.screen
    screen.step("Start the service")
    stage.node.start()
    screen.fact("service", f"`omega serve` at {stage.node.url}, for this machine only")
    screen.fact("log's store", stage.storage.words)
    (stage.elsewhere / KEY).write_bytes((stage.node.data / "keys" / KEY).read_bytes())
    screen.fact("auditor", f"a folder that stands for another machine; it is given the log's public key, {KEY}")
    callers = [caller for caller in Caller if caller is not Caller.NOBODY]
    with ThreadPoolExecutor() as pool:
        issued = pool.map(lambda caller: stage.commands.omega("token", "issue", "--subject", caller.value), callers)
    for caller, said in zip(callers, issued, strict=True):
        if said.code:
            raise DemoError(said.text)
        stage.tokens[caller] = said.output.strip()


def ask(stage: Stage) -> int:
    """Ask all questions, group by group, and return how many there were."""
    stage.screen.step("Ask for decisions")
    stage.screen.say(
        """An imaginary company builds, sells and runs AI agents. Each of its features, with a token of its own, asks
        over HTTP before it does anything. Each allow and each deny was on disk before its answer left. A decision id
        names a chain of records and a place in it; here its first letters are left out."""
    )
    now = datetime.now(UTC)
    groups = {
        "Marketplace: putting an agent on sale": marketplace.publishing(),
        "Marketplace: trading": marketplace.trading(now),
        "Studio: running and deploying workflows": studio.building(now),
        "Replay: what may be done with the recording of a run": recordings.handling(now),
        "Voice: spoken commands": voice.commanding(now),
        "Platform: controls that all features share": controls.controlling(now),
        "Mistakes and strangers": marketplace.mistakes(),
    }
    done = 0
    for title, questions in groups.items():
        stage.screen.gap()
        stage.screen.say(f"{title}:")
        _ask_group(stage, questions, done + 1)
        done += len(questions)
    return done


def _ask_group(stage: Stage, questions: Sequence[Question], first: int) -> None:
    answers = [stage.client.ask(question.body, question.caller) for question in questions]
    decided = []  # id, and who may look at it
    for question, answer in zip(questions, answers, strict=True):
        if answer.decision_id is not None:
            stage.acknowledged[answer.decision_id] = answer.leaf_hash
            decided.append((answer.decision_id, question.caller))
    asked = list(enumerate(zip(questions, answers, strict=True), first))
    stage.malformed += [number for number, (_, answer) in asked if answer.status == _MALFORMED]
    stage.screen.table(_COLUMNS, [_row(number, question, answer) for number, (question, answer) in asked])
    stage.screen.gap()
    wrong = [str(number) for number, (question, answer) in asked if not _is_expected(question, answer)]
    promise = f"all {len(questions)} answers are the expected ones, for the expected reasons"
    stage.screen.promise(promise + (f", except {', '.join(wrong)}" if wrong else ""), kept=not wrong)
    await_proof(stage, *decided[-1])


def _row(number: int, question: Question, answer: Answer) -> tuple[str, ...]:
    return str(number), question.asks, _word(answer), _why(answer), _short(answer.decision_id)


def _word(answer: Answer) -> str:
    if answer.status != OK:
        return f"refused {answer.status}"
    return "allow" if answer.document["decision"] else "deny"


def _why(answer: Answer) -> str:
    """Return the reasons of an answer in plain words."""
    if answer.status != OK:
        detail = str(answer.document.get("detail", ""))
        return detail.partition(": ")[2] or detail or str(answer.document["title"])
    context = answer.document["context"]
    parts = [
        _listed(
            "not met: ", [str(each["message"]) for each in context["reasons"] if each["enforcement"] == "blocking"]
        ),
        _listed(
            "monitored only, not met: ", [str(each["message"]) for each in context["reasons"] if _is_monitored(each)]
        ),
        _listed("", [_problem(each) for each in context["diagnostics"]]),
        _listed("obligation: ", [_OBLIGATIONS.get(each["id"], str(each["id"])) for each in context["obligations"]]),
    ]
    return "; ".join(filter(None, parts)) or "every rule holds"


def _is_monitored(reason: Mapping[str, Any]) -> bool:
    return bool(reason["enforcement"] == "monitoring")


def _listed(title: str, texts: Sequence[str]) -> str:
    return title + "; ".join(texts) if texts else ""


def _problem(found: Mapping[str, Any]) -> str:
    code, path = found["code"], found["path"]
    return _PROBLEMS.get((code, path)) or f"{_WORDS.get(code, code)}: {path}"


def _short(decision_id: str | None) -> str:
    if decision_id is None:
        return "none"
    chain, _, seq = decision_id.partition("-")
    return f"..{chain[-4:]}-{seq}"


def _is_expected(question: Question, answer: Answer) -> bool:
    """Tell whether an answer is the one expected, for the reasons expected and no others."""
    if answer.status != question.status:
        return False
    if answer.status != OK:
        code = str(answer.document["type"]).rpartition(":")[2]
        return question.because <= {code, str(answer.document.get("detail", "")).partition(":")[0]}
    context = answer.document["context"]
    given = {each["id"] for each in (*context["reasons"], *context["obligations"])}
    given |= {each["code"] for each in context["diagnostics"]}
    return answer.document["decision"] is question.allow and given == question.because


def await_proof(stage: Stage, decision_id: str, caller: Caller) -> None:
    """Return once a decision that `caller` asked for is sealed in the store and under a checkpoint.

    Raises:
        DemoError: it does not come that far.
    """
    end = time.monotonic() + _PATIENCE
    while stage.client.find(decision_id, caller).get("status") != "proven":
        if time.monotonic() > end:
            raise DemoError(f"decision {decision_id} is not under a checkpoint after {_PATIENCE:.0f} s")
        time.sleep(_LOOK)


def keep_checkpoint(stage: Stage) -> None:
    """Take the newest checkpoint to the auditor."""
    stage.screen.step("Keep a checkpoint elsewhere")
    stage.screen.say(
        """The service stores its records in segments, each under a signed seal. Every few seconds it also publishes a
        checkpoint: a few signed lines that stand for all seals so far. Whoever keeps one in another place can show
        later that the log was cut or rewritten. The auditor takes the newest one now."""
    )
    store = stage.storage.open()
    keys = list(store.keys("log/checkpoints/"))
    data = store.get(keys[-1])
    stage.kept_checkpoint = len(keys) - 1
    (stage.elsewhere / CHECKPOINT).write_bytes(data)
    origin, size, root = data.decode().splitlines()[:3]
    stage.screen.fact(CHECKPOINT, f"checkpoint of the log {origin}: {size} seals, under the tree hash {root}")
