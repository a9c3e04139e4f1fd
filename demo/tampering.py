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
_SHOWN = 1  # the attack whose report is shown in full
_NOT_FOUND = 2  # exit code
_COLUMNS = (
    Column(title="#", width=1),
    Column(title="done to the log"),
    Column(title="verifier", width=21),
    Column(title="given the log alone", width=21),
    Column(title="and the kept checkpoint", width=23),
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
    """Attack copies of the log; return how many attacks the log alone shows, and how many only the checkpoint shows.

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
    screen.gap()
    screen.table(_COLUMNS, [_row(number, each) for number, each in enumerate(judged)])
    screen.gap()
    by_log = [number for number, each in enumerate(judged) if each.attack.alone]
    by_checkpoint = [n for n, each in enumerate(judged) if each.attack.with_checkpoint and not each.attack.alone]
    _explain(stage, by_log, by_checkpoint, judged)
    return len(by_log), len(by_checkpoint)


def _explain(stage: Stage, by_log: Sequence[int], by_checkpoint: Sequence[int], judged: Sequence[Judged]) -> None:
    """Say which attacks are shown by what, and what no verifier can show."""
    screen, commands = stage.screen, stage.commands
    screen.say(f"In full, {_NAMES[1]} says to attack {_SHOWN}:")
    stage.show(commands.standalone("verify", judged[_SHOWN].folder, "--key", KEY))
    screen.gap()
    _promise(stage, judged, [0], "the copy that nobody touched: all holds.")
    _promise(stage, judged, by_log, "a hash or a signature does not fit any more. The log alone shows it.")
    told = "every hash and every signature fits. ONLY A CHECKPOINT KEPT ELSEWHERE shows it."
    _promise(stage, judged, by_checkpoint, told)
    last = len(judged) - 1
    said = commands.omega(
        "evidence", "show", list(stage.acknowledged)[-1], "--store", judged[last].folder, "--key", KEY
    )
    told = """the kept checkpoint is too old to show it. A newer one would; and whoever was given a decision id can ask
        for its record, which is gone:"""
    _promise(stage, judged, [last] if said.code == _NOT_FOUND else [], told)
    stage.show(said)
    screen.say("So keep a checkpoint often, in a place that the log's owner cannot change.")


def _promise(stage: Stage, judged: Sequence[Judged], numbers: Sequence[int], text: str) -> None:
    """Print what holds of some attacks, if both verifiers said what they must."""
    wrong = [number for number in numbers if not judged[number].as_promised]
    for number in wrong:
        stage.screen.fact(f"attack {number}", f"not as promised: {judged[number].verdicts}")
    listed = " and ".join(filter(None, (", ".join(map(str, numbers[:-1])), *map(str, numbers[-1:]))))
    stage.screen.promise(f"{listed}: {text}" if any(numbers) else text, kept=bool(numbers) and not wrong)


def _denied(log: LogCopy) -> str:
    """Return the id of the first denied decision."""
    return next(line.decision_id for line in log.lines() if line.record["body"].get("result", {}).get("allow") is False)


def _judge(stage: Stage, plan: Sequence[Attack]) -> list[Judged]:
    """Do every attack to a copy of its own, and ask both verifiers."""
    folders = [_attacked(stage, number, attack) for number, attack in enumerate(plan)]
    kept = ("--checkpoint", CHECKPOINT)
    pool = ThreadPoolExecutor(2)
    try:
        asked = [
            [
                (pool.submit(ask, stage.commands, folder), pool.submit(ask, stage.commands, folder, *kept))
                for ask in _ASK
            ]
            for folder in folders
        ]
        return [
            Judged(attack=attack, folder=folder, verdicts=tuple((one.result(), two.result()) for one, two in pairs))
            for attack, folder, pairs in zip(plan, folders, asked, strict=True)
        ]
    finally:
        pool.shutdown(cancel_futures=True)  # where somebody stopped us, the rest is not worth waiting for


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
        return f"found {verdict.code}"
    return "nothing found" if number else "all holds"
