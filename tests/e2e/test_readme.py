"""The README's commands do what it says, word for word. Only the installation is that of the tests.

They run in a directory that looks like a fresh clone, against a service on a free port.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.verified import verified
from tests.pdp.evaluating import ROOT, children

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
ADDRESS = "127.0.0.1:8420"


def commands():
    """Return the commands of all shell blocks, comments cut off and continued lines joined."""
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if command := re.sub(r"\s+#\s.*", "", line).strip():
                yield command


INSTALLING = [command for command in commands() if command.startswith("apt-get ")]
STARTING = [command for command in commands() if command == "make run"]
ASKING = [command for command in commands() if command not in INSTALLING + STARTING]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Return a directory with the files of the project, whose environment is the one that runs this."""
    clone = tmp_path_factory.mktemp("clone")
    for path in ROOT.iterdir():
        if path.name not in {".venv", "var", "examples"}:
            (clone / path.name).symlink_to(path)
    shutil.copytree(ROOT / "examples", clone / "examples")
    (clone / ".venv").symlink_to(sys.prefix)
    (clone / "path").mkdir()
    (clone / "path" / "python3").symlink_to(sys.executable)
    return clone


@pytest.fixture(scope="module")
def environment(clone):
    """Return what a shell has in which nobody has set anything."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OMEGA_", "MAKE", "VIRTUAL"))
    }
    paths = [path for path in os.environ["PATH"].split(":") if not path.startswith(sys.prefix)]
    return inherited | {"PATH": ":".join([str(clone / "path"), *paths])}


@pytest.fixture(scope="module")
def started(clone, environment):
    """Run the command that starts the service; yield what it prints, and its address."""
    process = subprocess.Popen(
        [*STARTING[0].split(), "--old-file=.venv/installed"],
        cwd=clone,
        env=environment | {"OMEGA_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    printed = ""
    while "stop with Ctrl-C" not in printed and (line := process.stdout.readline()):
        printed += line
    yield printed, re.search(r"http://([0-9.:]+)", printed)[1]
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert children(process.pid) == []


@pytest.fixture(scope="module")
def sealed(started, clone):  # noqa: ARG001 - it has to run
    """Wait for the first seal: before it there is no log to verify."""
    while not list((clone / "var" / "store").glob("chains/*/seals/*")):
        time.sleep(0.1)


def run(command, clone, environment, address):
    done = subprocess.run(
        ["sh", "-ec", command.replace(ADDRESS, address)],
        cwd=clone,
        env=environment | {"OMEGA_PORT": address.rpartition(":")[2]},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_readme_has_the_commands_that_are_run_here():
    assert (len(INSTALLING), len(STARTING)) == (1, 1)
    assert len(ASKING) >= 5


def test_what_the_commands_need_is_what_the_readme_installs():
    assert {"python3", "python3-venv", "make", "git"} <= set(INSTALLING[0].split())
    if any(command.startswith("curl ") for command in ASKING):
        assert "curl" in INSTALLING[0].split()


@pytest.mark.parametrize("command", ASKING)
@pytest.mark.usefixtures("sealed")
def test_a_command_of_the_readme_succeeds(command, started, clone, environment):
    code, out, errors = run(command, clone, environment, started[1])
    assert (code, errors) == (0, "")
    if command.startswith("curl "):
        assert json.loads(out)["decision"] is True
    if "verify" in command:
        assert "all holds" in out


def test_the_service_prints_the_commands_with_its_own_paths(started, clone):
    printed, address = started
    words = " ".join(re.sub(r"\\\n", " ", printed).split())
    for command in ASKING[:3]:
        filled = command.replace(ADDRESS, address).replace("var/", f"{Path(clone).resolve()}/var/")
        assert " ".join(filled.split()) in words


@pytest.mark.usefixtures("sealed")
def test_with_less_coverage_the_release_is_denied_and_says_why(started, clone, environment):
    example = clone / "examples" / "publish.json"
    whole = example.read_text()
    example.write_text(re.sub(r'("coverage_percent": )[0-9.]+', r"\g<1>12", whole))
    asking, *_ = [command for command in ASKING if command.startswith(".venv/bin/omega decide ")]
    code, out, errors = run(asking, clone, environment, started[1])
    example.write_text(whole)
    assert (code, errors) == (1, "")
    assert out.startswith("deny\n")
    assert "failed: covered" in out


@pytest.mark.usefixtures("sealed")
def test_the_log_of_it_all_verifies(clone):
    assert verified(clone / "var" / "store", clone / "var" / "keys" / "log.vkey").records
