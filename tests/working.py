"""A decision worker in this process, with evaluators that are fakes."""

import asyncio

from app import keys, sealing_line
from app.pdp.bundle import load_snapshot
from app.pdp.enforce import Policies
from app.worker import Worker


class Pool:
    """Stands for `Evaluators`."""

    def __init__(self):
        self.gone = asyncio.get_running_loop().create_future()
        self.closed = False
        self.waiting = 0

    async def close(self, *, at_once=False):  # noqa: ARG002 - there is nobody to wait for
        self.closed = True


async def started(_settings, snapshot):
    """Stands for `start_policies`."""
    bundle = load_snapshot(snapshot)
    return Policies(bundle=bundle, evaluators=Pool())


def work(settings, does):
    """Run `does` with a started worker and its decision plane."""

    async def run():
        mine, theirs = sealing_line.pair()
        worker = Worker(settings, keys.load(settings.keys), mine)
        plane = await worker.start()
        try:
            return await does(worker, plane)
        finally:
            await worker.close()
            theirs.close()
            worker._subject_keys._thread.shutdown()

    return asyncio.run(run())
