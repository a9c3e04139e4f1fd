import os
import signal
import subprocess
import sys

import pytest

from app.privacy.key_table import KeyTable
from tests.privacy.keyring import KEK, ROOT, rows

ASK = """
import asyncio, os, random, sys
from app.db import open_engine
from app.privacy.subject_keys import SubjectKeys

names = [str(number) for number in range(300)]
random.shuffle(names)
keys = SubjectKeys(open_engine(sys.argv[1]), kek=bytes(range(32)), lookup_key=bytes(range(32, 64)), patience=30.0)

async def ask():
    return await asyncio.gather(*(keys.key("tenant", "user", name) for name in names))

print("ready", flush=True)
sys.stdin.readline()
for name, key in sorted(zip(names, asyncio.run(ask()))):
    print(name, key.subject, key.kid)
keys.close()
"""

DIE = """
import asyncio, os, signal, sys
from app.db import open_engine
from app.privacy.subject_keys import SubjectKeys

async def live():
    keys = SubjectKeys(open_engine(sys.argv[1]), kek=bytes(range(32)), lookup_key=bytes(range(32, 64)), patience=30.0)
    key = await keys.key("tenant", "user", "alice@example.com")
    os.write(1, f"{key.subject} {key.kid}".encode())
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(live())
"""


def start(script, url):
    return subprocess.Popen(
        [sys.executable, "-c", script, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_that_ask_at_once_agree(engine, url):
    processes = [start(ASK, url) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in processes]
    assert answers[0] == answers[1]
    assert answers[0].count("psn_") == 300
    assert rows(engine) == 300


@pytest.mark.slow
def test_a_key_that_was_returned_outlives_a_kill(engine, url):
    process = start(DIE, url)
    subject, kid = process.communicate()[0].split()
    assert process.returncode == -signal.SIGKILL
    assert KeyTable(engine, KEK).find(subject, kid).subject == subject
