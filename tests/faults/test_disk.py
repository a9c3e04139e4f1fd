"""A disk that fails at any call: what was acknowledged is kept, what failed was refused with an error of our own."""

import errno
import shutil

import pytest

from tests.faults import life
from tests.faults.aftermath import aftermath
from tests.faults.disk import CALLS, HOW, Disk, Fault, possible
from tests.faults.dying import forked
from tests.faults.sampling import FEW, SOME, spread

CODES = errno.EIO, errno.ENOSPC


def counted(folder):
    """Return how often a life does each call."""

    def task():
        with Disk().failing() as disk:
            life.live(folder)
        return "\n".join(f"{disk.counted[name]} {name}" for name in CALLS)

    lines = [line.split(" ") for line in forked(task).splitlines()]
    return {name: int(number) for number, name in lines}


def lived(folder, fault):
    """Live on a disk that fails once; return what came of it."""

    def task():
        with Disk(fault).failing():
            life.live(folder)
        return "lived"

    return forked(task)


def fail_everywhere(before, quick, tally, how, most):
    name, template = before
    for call, number in counted(shutil.copytree(template, quick / "dry")).items():
        for place in spread(number, most) if possible(call, how) else ():
            folder = shutil.copytree(template, quick / "node")
            code = CODES[place % 2]
            outcome = lived(folder, Fault(call=call, number=place, code=code, **how))
            assert outcome == "lived" or outcome.startswith("refused: "), (call, place, outcome)
            tally(f"a call to the disk fails, {name}", aftermath(folder, checked=place % 2 == 0))
            shutil.rmtree(folder)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_failing_disk_loses_nothing(quick, before, tally, how):
    fail_everywhere(before, quick, tally, how, FEW)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_disk_that_fails_at_any_call_loses_nothing(quick, before, tally, how):
    fail_everywhere(before, quick, tally, how, SOME)
