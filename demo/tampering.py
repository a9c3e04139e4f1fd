"""The last step: attack copies of the log, and show what both verifiers say."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app import keys
from demo.attacks import Attack, attacks
from demo.commands import Commands, Said
from demo.log_copy import LogCopy
from demo.screen import Column
from demo.stage import CHECKPOINT, COPY, KEY, Stage

_NAMES = ("omega evidence verify", "verify_evidence.py")
_COLUMNS = (
    Column(title="#", width=1),
    Column(title="done to a copy of the store"),
    Column(title="verifier", width=21),
    Column(title="given the log alone", width=19),
    Column(title="given the checkpoint", width=20),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verifier said: the code of its finding and the place, or neither, where all holds."""

    code: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One attack and what each verifier said, first to the log alone, then with the kept checkpoint."""

    attack: Attack
    folder: str
    verdicts: tuple[tuple[Verdict, Verdict], ...]

    @property
    def as_promised(self) -> bool:
        """Tell whether the verifiers agree, on codes and places, and say what the format's document says."""
        wanted = (self.attack.alone, self.attack.with_checkpoint)
        return len(set(self.verdicts)) == 1 and all((alone.code, kept.code) == wanted for alone, kept in self.verdicts)


def tamper(stage: Stage) -> tuple[int, int]:
    """Attack copies of the log; return how many attacks the log alone shows, and how many more the checkpoint shows.

    Raises:
        KeyFileError: the node's key, which one attack steals, cannot be read.
    """
    screen = stage.screen
    screen.step("Play the attacker")
    screen.say(
        f"""Whoever owns the disk can change the files, and nothing here prevents it. It must not go unnoticed. Each
        attack hits a fresh copy of the store. Both verifiers then check the copy twice: with the log's public key
        alone, and with the checkpoint that was kept elsewhere ({CHECKPOINT})."""
    )
    key = keys.load(stage.node.data / "keys").log
    judged = _judge(stage, attacks(_denied(stage.copy), stage.kept_checkpoint, key))
    screen.table(_COLUMNS, [_row(number, each) for number, each in enumerate(judged)])
    for number, each in enumerate(judged):
        if not each.as_promised:
            screen.promise(f"attack {number}: both verifiers say what they must: {each.verdicts}", kept=False)
    by_log = [number for number, each in enumerate(judged) if each.attack.alone]
    by_checkpoint = [
        number for number, each in enumerate(judged) if each.attack.with_checkpoint and not each.attack.alone
    ]
    _explain(stage, by_log, by_checkpoint, judged[-1])
    return len(by_log), len(by_checkpoint)


def _explain(stage: Stage, by_log: Sequence[int], by_checkpoint: Sequence[int], last: Judged) -> None:
    """Say which attacks are shown by what, and what no verifier can show."""
    screen = stage.screen
    screen.promise(f"{_list(by_log)}: a hash or a signature breaks, so the log alone shows it", kept=bool(by_log))
    screen.promise(
        f"{_list(by_checkpoint)}: every hash and signature holds; ONLY A CHECKPOINT KEPT ELSEWHERE shows it",
        kept=bool(by_checkpoint),
    )
    decision_id = list(stage.acknowledged)[-1]
    said = stage.commands.omega("evidence", "show", decision_id, "--store", last.folder, "--key", KEY)
    screen.promise(
        "6: older than what was cut, the kept checkpoint cannot show it; a decision id somebody holds does:",
        kept=said.code == 2,
    )
    stage.show(said)
    screen.say("So keep checkpoints often, and where the attacker is not.")


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers[:-1]) + f" and {numbers[-1]}"


def _denied(log: LogCopy) -> str:
    """Return the id of the first denied decision."""
    return next(line.decision_id for line in log.lines() if line.record["body"].get("result", {}).get("allow") is False)


def _judge(stage: Stage, plan: Sequence[Attack]) -> list[Judged]:
    """Do every attack to a copy of its own, and ask both verifiers."""
    folders = [_attacked(stage, number, attack) for number, attack in enumerate(plan)]
    kept = ("--checkpoint", CHECKPOINT)
    with ThreadPoolExecutor(2) as pool:
        asked = [
            [
                (pool.submit(ask, stage.commands, folder), pool.submit(ask, stage.commands, folder, *kept))
                for ask in _ASK
            ]
            for folder in folders
        ]
        return [
            Judged(
                attack=attack, folder=folder, verdicts=tuple((alone.result(), both.result()) for alone, both in pairs)
            )
            for attack, folder, pairs in zip(plan, folders, asked, strict=True)
        ]


def _attacked(stage: Stage, number: int, attack: Attack) -> str:
    """Return the name of a fresh copy, attacked."""
    name = f"copy-{number}"
    shutil.copytree(stage.elsewhere / COPY, stage.elsewhere / name)
    attack.do(LogCopy(folder=stage.elsewhere / name))
    return name


def _ask_own(commands: Commands, folder: str, *more: str) -> Verdict:
    return _verdict(commands.omega("evidence", "verify", "--store", folder, "--key", KEY, "--json", *more))


def _ask_standalone(commands: Commands, folder: str, *more: str) -> Verdict:
    return _verdict(commands.standalone("verify", folder, "--key", KEY, "--json", *more))


_ASK = (_ask_own, _ask_standalone)


def _verdict(said: Said) -> Verdict:
    """Return what a verifier said, by its exit code and its report; they have to agree."""
    finding = (said.document or {}).get("finding")
    match said.code:
        case 0 if said.document and finding is None:
            return Verdict()
        case 1 if finding:
            return Verdict(code=finding["code"], where=finding["where"])
        case _:
            return Verdict(code="unusable", where=said.text.strip())


def _row(number: int, judged: Judged) -> tuple[str, ...]:
    alone = "\n".join(_cell(number, before) for before, _ in judged.verdicts)
    kept = "\n".join(_cell(number, after) for _, after in judged.verdicts)
    return (str(number) if number else "", judged.attack.words, "\n".join(_NAMES), alone, kept)


def _cell(number: int, verdict: Verdict) -> str:
    if verdict.code:
        return f"{verdict.code}"
    return "nothing found" if number else "all holds"
