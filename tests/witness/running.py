"""A witness as a process of its own, started by its command."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from evidence.cosignature import WitnessKey
from evidence.keys import VerifierKey
from tests.pdp.evaluating import ROOT


class RunningWitness:
    """As a context it is started, and killed at the end if the test has not stopped it."""

    def __init__(self, data: Path, *logs: VerifierKey, name: str = "witness.example/w1") -> None:
        inherited = {each: value for each, value in os.environ.items() if not each.startswith("OMEGA_")}
        self.environment = {**inherited, "OMEGA_DATA": str(data), "OMEGA_WITNESS_NAME": name, "OMEGA_WITNESS_PORT": "0"}
        self.log = data.with_name(f"{data.name}.log")
        said = subprocess.run(self.command("key"), check=True, capture_output=True, text=True, **self.where)
        self.key = WitnessKey.parse(said.stdout)
        for number, log in enumerate(logs):
            (data / "witness" / "logs" / f"{number}.vkey").write_text(f"{log}\n")
        self.process, self.url = None, ""

    @property
    def where(self):
        return {"env": self.environment, "cwd": ROOT}

    def command(self, *arguments):
        return [sys.executable, "-m", "app.cli", "witness", *arguments]

    def __enter__(self):
        said = ""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("serve", "--json"), stdout=subprocess.PIPE, stderr=log, text=True, **self.where
            )
        for line in self.process.stdout:
            said += line
            if line == "}\n":
                break
        assert said, self.log.read_text()
        self.url = json.loads(said)["url"]
        return self

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process.stdout.close()
        return code

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end(signal.SIGKILL)
