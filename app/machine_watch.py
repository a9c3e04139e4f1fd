"""A worker's side of the fast path: has the engines compared, opens it for what was proved, closes it on a difference.

Owns when that happens. Looks twice a second, like everything that watches the bundle in force, and compares each action
once for each bundle and node, in a process of its own that yields to decisions. Where that comes to no end, for want of
time or memory, it goes on with what is left after a pause, which grows; what was found is never asked again.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from weakref import WeakSet

from app import machine_files
from app.pdp.admission_process import prove_apart
from app.pdp.bundle import Bundle
from app.pdp.enforce import Pdp, Policies
from app.pdp.engine import Machine, compile_program
from app.pdp.errors import EngineError, UnrecordedError
from app.pdp.fast_path import FastPath

_LOG = logging.getLogger(__name__)

PAUSE: Final = 60.0
"""Seconds after a comparison that came to no end; twice as many after each more in a row that found out nothing."""

LONGEST: Final = 3_600.0
"""The longest pause, in seconds."""

_DOUBLINGS: Final = 6  # by then the pause is the longest


class MachineWatch:
    """Keeps the fast path of a worker's policies as the files beside the bundle say."""

    def __init__(
        self,
        bundles: Path,
        *,
        prove: Callable[[Bundle, str], Awaitable[Mapping[str, str]]] = prove_apart,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Look at the files in `bundles`; `prove` compares the engines on a bundle's actions, from one on."""
        self._bundles, self._prove, self._clock = bundles, prove, clock
        self._partly: WeakSet[FastPath] = WeakSet()  # opened before everything was compared
        self._comparing: asyncio.Task[None] | None = None
        self._given_up: set[str] = set()  # digests of bundles with which trying again would not help

    async def look(self, pdp: Pdp) -> None:
        """Do what there is to do about the policies in force, the node's and those of tenants."""
        for policies in {id(each): each for each in (pdp.policies, *pdp.own.values()) if each is not None}.values():
            if policies.fast is not None:
                await self._look(pdp, policies, policies.fast)

    async def _look(self, pdp: Pdp, policies: Policies, fast: FastPath) -> None:
        digest = policies.bundle.digest
        for action in machine_files.distrusted(self._bundles, digest):
            fast.distrust(_query(action))
        if digest in self._given_up or (fast.opened and fast not in self._partly):
            return
        verdicts = machine_files.load_verdicts(self._bundles, digest) or {}
        if not _left(policies.bundle, verdicts):
            self._partly.discard(fast)
            await self._open(pdp, policies.bundle, fast, verdicts)
            return
        if fast not in self._partly and "" in verdicts.values():
            self._partly.add(fast)
            await self._open(pdp, policies.bundle, fast, verdicts)
        if self._due(digest) and (self._comparing is None or self._comparing.done()):
            self._comparing = asyncio.get_running_loop().create_task(self._compare(policies.bundle))

    async def close(self) -> None:
        """Compare nothing more."""
        if self._comparing is not None:
            self._comparing.cancel()
            await asyncio.wait([self._comparing])

    async def _open(self, pdp: Pdp, bundle: Bundle, fast: FastPath, verdicts: Mapping[str, str]) -> None:
        trusted = {name for name, reason in verdicts.items() if not reason and name in bundle.actions}
        trusted -= machine_files.distrusted(self._bundles, bundle.digest)
        try:
            programs = await asyncio.to_thread(_programs, bundle, trusted)
            machine = Machine(programs, bundle.data)  # on this thread, which it belongs to from now on
        except EngineError as error:
            _LOG.warning("the fast path stays closed: %s", error)
            self._given_up.add(bundle.digest)
            return

        async def differed(query: str, decision_id: str) -> None:
            await self._differed(pdp, bundle, _action(query), decision_id)

        fast.on_difference = differed
        fast.open(machine, programs)
        _LOG.info("%d of %d actions are decided on the fast path", len(programs), len(bundle.actions))

    def _due(self, digest: str) -> bool:
        """Tell whether the pause after the last comparison is over; a clock that was set back ends it too."""
        again = machine_files.load_unfinished(self._bundles, digest).again
        return not 0 < again - self._clock() <= LONGEST

    async def _compare(self, bundle: Bundle) -> None:
        try:
            with machine_files.comparing(self._bundles) as alone:
                known = machine_files.load_verdicts(self._bundles, bundle.digest) or {}
                left = _left(bundle, known)
                if alone and left and self._due(bundle.digest):
                    found = {**await self._prove(bundle, left[0]), **known}
                    machine_files.keep_verdicts(self._bundles, bundle.digest, found)
                    if missing := _left(bundle, found):
                        self._pause(bundle.digest, len(missing), progress=len(missing) < len(left))
        except OSError as error:
            _LOG.warning("the engines are not compared: %s", error.strerror)
            self._given_up.add(bundle.digest)

    def _pause(self, digest: str, missing: int, *, progress: bool) -> None:
        times = 0 if progress else machine_files.load_unfinished(self._bundles, digest).times
        pause = min(PAUSE * 2 ** min(times, _DOUBLINGS), LONGEST)
        _LOG.warning("the engines could not be compared on %d actions; again in %.0f seconds", missing, pause)
        unfinished = machine_files.Unfinished(times=times + 1, again=self._clock() + pause)
        machine_files.keep_unfinished(self._bundles, digest, unfinished)

    async def _differed(self, pdp: Pdp, bundle: Bundle, action: str, decision_id: str) -> None:
        """Make it known: in the log of decisions, to the other workers, to whoever watches this node."""
        _LOG.error("the engines differ on `%s` in decision %s; the interpreter decides it", action, decision_id)
        try:
            machine_files.distrust(self._bundles, bundle.digest, action)
        except OSError as error:
            _LOG.error("the other workers cannot be told: %s", error.strerror)
        with suppress(UnrecordedError):  # the worker that cannot record ends anyway
            await pdp.disagreed(bundle, action, decision_id)


def alarms(bundles: Path, digest: str) -> tuple[str, ...]:
    """Return what is wrong with the engines under the bundle `digest`, in words."""
    return tuple(f"engines differ: {action}" for action in sorted(machine_files.distrusted(bundles, digest)))


def _left(bundle: Bundle, verdicts: Mapping[str, str]) -> list[str]:
    """Return the actions that have no verdict."""
    return sorted(bundle.actions.keys() - verdicts.keys())


def _query(action: str) -> str:
    return f"data.{action}.decision"


def _action(query: str) -> str:
    return query.removeprefix("data.").removesuffix(".decision")


def _programs(bundle: Bundle, actions: set[str]) -> dict[str, bytes]:
    """Return the program of each action; this is what takes a while, and any thread can do it."""
    entries: dict[str, list[str]] = json.loads(bundle.snapshot())["entries"]
    queries = (bundle.actions[name].query for name in sorted(actions))
    return {query: compile_program({file: bundle.modules[file] for file in entries[query]}, query) for query in queries}
