"""Git, the program, as GitPython runs it, with nothing of the environment that it could obey: no hooks, no prompts.

Owns how Git is called and what it may do: a call is a list of words, never a line of a shell; it knows the mirror it
works on, speaks the transports that its URL needs, and ends after a time. Knows nothing of policies.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final

from git import Git, GitCommandError, GitError

from app.features.policies.errors import RepositoryError

LOCAL_SECONDS: Final = 60.0
"""What a call may take that does not leave the machine."""

REMOTE_SECONDS: Final = 300.0
"""What a call may take that does."""

_SETTINGS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=ssh -oBatchMode=yes -oConnectTimeout=20 -oStrictHostKeyChecking=yes",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "transfer.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "http.followRedirects=false",
    "advice.pushUpdateRejected=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
)
_ENVIRONMENT: Final = (
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_CONFIG_GLOBAL=/dev/null",
    "GIT_ATTR_NOSYSTEM=1",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_NO_REPLACE_OBJECTS=1",
    "GIT_NO_LAZY_FETCH=1",
    "GIT_LITERAL_PATHSPECS=1",
    "GIT_LFS_SKIP_SMUDGE=1",
    "LC_ALL=C",
)
_MISSING: Final = "missing"
_SKIPPED: Final = 1 << 16  # bytes
_TOLD: Final = 200  # characters of what Git says


class GitProgram(Git):
    """Git on one bare repository. One thread at a time may use it."""

    def __init__(self, directory: Path, *, transport: str, environment: Mapping[str, str]) -> None:
        """Bind it to `directory`, which may not exist yet.

        Args:
            directory: the bare repository.
            transport: the one that Git may use: `file`, `ssh` or `https`.
            environment: what its processes find, of PATH, HOME and SSH_AUTH_SOCK; nothing else is handed on.
        """
        super().__init__(None)
        self._reading: Any = None
        allowed = (*_SETTINGS, f"protocol.{transport}.allow=always")
        self._before = [
            *("env", "-i", *_ENVIRONMENT, *(f"{name}={value}" for name, value in environment.items())),
            *("git", f"--git-dir={directory}", *(word for setting in allowed for word in ("-c", setting))),
        ]

    def execute(self, command: Sequence[Any], **options: Any) -> Any:  # type: ignore[override]
        """See `Git.execute`; the program's own name is replaced by all that has to stand before a command."""
        return super().execute([*self._before, *command[1:]], shell=False, **options)

    def run(self, *words: str, seconds: float = LOCAL_SECONDS) -> bytes:
        """Run one command and return what it printed.

        Raises:
            RepositoryError: it failed, or took longer.
        """
        with refusals(words[0]):
            done: bytes = self.execute(
                ["git", *words], stdout_as_string=False, strip_newline_in_stdout=False, kill_after_timeout=seconds
            )
        return done

    def holds(self, name: str) -> bool:
        """Tell whether there is an object of this id, whatever its kind."""
        with refusals("cat-file"):
            reading = self._started()
            kind, size = _asked(reading, name)
            if kind != _MISSING:
                self._skip(reading, size)
        return kind != _MISSING

    def content(self, kind: str, name: str, most: int) -> bytes:
        """Return an object's bytes.

        Raises:
            RepositoryError: there is none of this kind under that name, or it has more than `most` bytes.
        """
        with refusals("cat-file"):
            reading = self._started()
            found, size = _asked(reading, name)
            if found != kind or size > most:
                if found == _MISSING:
                    raise RepositoryError(f"the repository has no such {kind}")
                self._skip(reading, size)
                raise RepositoryError(f"there is no {kind} of at most {most} bytes under this name")
            data: bytes = reading.stdout.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError("git cat-file failed: it ended")
        return data[:-1]

    def close(self) -> None:
        """End what reads objects; it is started again where it is needed."""
        reading, self._reading = self._reading, None
        if reading is not None:
            with suppress(OSError):  # it ended before
                reading.stdin.close()
            reading.stdout.close()
            reading.stderr.close()
            with suppress(GitError):
                reading.wait()

    def _started(self) -> Any:
        if self._reading is None:
            self._reading = self.execute(["git", "cat-file", "--batch"], as_process=True, istream=PIPE)
        return self._reading

    def _skip(self, reading: Any, size: int) -> None:
        """Read past what is not wanted, or, where that is much, have it never printed."""
        if size > _SKIPPED:
            self.close()
        else:
            reading.stdout.read(size + 1)


def _asked(reading: Any, name: str) -> tuple[str, int]:
    """Ask `git cat-file --batch` for an object; return its kind and size, before its bytes are read."""
    reading.stdin.write(f"{name}\n".encode())
    reading.stdin.flush()
    words = reading.stdout.readline().decode().split()
    if len(words) == 2 and words[1] == _MISSING:  # noqa: PLR2004
        return _MISSING, 0
    _, kind, size = words
    return kind, int(size)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn what GitPython raises into one line, with the last line that Git said."""
    try:
        yield
    except GitCommandError as error:
        said = " ".join(re.sub(r"[^ -~]", " ", f"{error.stderr}").split()).removeprefix("stderr:").strip("' ")
        raise RepositoryError(f"git {what} failed: {said[-_TOLD:] or 'it did not say why'}") from None
    except (GitError, OSError, ValueError) as error:
        raise RepositoryError(f"git {what} failed: {type(error).__name__}") from None


def make_bare(directory: Path, program: GitProgram) -> None:
    """Make an empty bare repository, unless one is there; closed to others.

    Raises:
        RepositoryError: it cannot be made.
    """
    if (directory / "HEAD").is_file():
        return
    with refusals("init"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    program.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", os.fspath(directory))
