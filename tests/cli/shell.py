"""The command as a shell sees it: arguments in; exit code, output and errors out."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    errors: str

    @property
    def json(self):
        """Return what it printed; it must be one JSON document."""
        return json.loads(self.out)

    @property
    def message(self):
        """Return the one line of an error."""
        assert self.out == ""
        assert self.errors.startswith("omega")
        assert self.errors.endswith("\n")
        assert self.errors.count("\n") == 1
        assert "Traceback" not in self.errors
        return self.errors.partition(": ")[2][:-1]


class Shell:
    """Runs commands in this process."""

    def __init__(self, main, capsys):
        self._main, self._capsys = main, capsys

    def __call__(self, *arguments):
        self._capsys.readouterr()
        try:
            code = self._main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        said = self._capsys.readouterr()
        return Ended(code=code or 0, out=said.out, errors=said.err)
