"""Faults that the kernel is made to return, by strace: the same as `test_disk.py`, without a patch in the process."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.aftermath import aftermath
from tests.faults.life import REFUSED
from tests.faults.sampling import SOME, spread
from tests.pdp.evaluating import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

STRACE = shutil.which("strace")
CALLS = ["write", "pwrite64", "fdatasync", "fsync", "rename", "linkat", "ftruncate", "fallocate", "openat"]
FAULTS = {
    "error=EIO": {0, REFUSED},
    "error=ENOSPC": {0, REFUSED},
    "signal=SIGKILL": {-9, 137},
    "delay_enter=300000": {0},  # microseconds
}
LINE = re.compile(r"^(\d+) +(\w+)\((.*)")


@pytest.fixture(autouse=True, scope="module")
def strace():
    """Skip where strace is not, or may not trace."""
    if STRACE is None:
        pytest.skip("FAULTS OF THE KERNEL ARE NOT TESTED, THE SAME ONES IN THE PROCESS ARE: there is no strace")
    tried = subprocess.run([STRACE, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"FAULTS OF THE KERNEL ARE NOT TESTED, THE SAME ONES IN THE PROCESS ARE: {tried.stderr.strip()}")


def traced(folder, *options):
    """Live as a process under strace; return its exit code and what strace and it have said."""
    command = [STRACE, "-f", "-qq", "-o", folder.with_suffix(".trace"), *options]
    life = [sys.executable, "-B", "-m", "tests.faults.life", folder]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [*command, *life], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stderr


def places(folder):
    """Return at which calls of a thread, counted from 1, a life changes something: of each call, in order."""
    code, said = traced(folder, "-e", f"trace={','.join(CALLS)}")
    assert code == 0, said
    counted, found = Counter(), {call: set() for call in CALLS}
    for line in folder.with_suffix(".trace").read_text().splitlines():
        if match := LINE.match(line):
            thread, call, arguments = match.groups()
            counted[thread, call] += 1
            if call != "openat" or ("O_CREAT" in arguments and "O_WRONLY" in arguments):
                found[call].add(counted[thread, call])
    return {call: sorted(numbers) for call, numbers in found.items()}


def injected(template, folder, call, fault, number):
    """Live with a fault; return the folder, the exit code and what was said."""
    shutil.copytree(template, folder)
    code, said = traced(folder, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}")
    met = re.search(r"INJECTED|DELAYED|killed by SIGKILL", folder.with_suffix(".trace").read_text())
    assert met, (call, fault, number)
    return folder, code, said


def test_a_fault_of_the_kernel_loses_nothing(quick, before, tally):
    name, template = before
    found = places(shutil.copytree(template, quick / "dry"))
    with ThreadPoolExecutor(2) as pool:
        trials = {
            pool.submit(injected, template, quick / f"{call}-{fault}-{each}", call, fault, numbers[each - 1]): fault
            for call, numbers in found.items()
            for fault in FAULTS
            for each in spread(len(numbers), max(1, SOME // 3))
        }
        for trial, fault in trials.items():
            folder, code, said = trial.result()
            assert code in FAULTS[fault], (folder.name, code, said)
            tally(f"a fault of the kernel, {name}", aftermath(folder))
