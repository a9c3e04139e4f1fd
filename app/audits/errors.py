"""What can go wrong with audits."""

from typing import Final

from app.errors import Problem, problem

_PROBLEMS: Final = {
    "unknown": "not_found",
    "changed": "conflict",
    "taken": "conflict",
    "invalid": "malformed_request",
}


class AuditsError(Exception):
    """Something is not done, and nothing was changed.

    `code` is stable: `unknown` (there is no such thing), `changed` (it is not as it was decided on), `taken` (another
    has this name), `invalid` (what was sent cannot be used). The message quotes nothing that was sent.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def problem(self) -> Problem:
        """Return it as whoever sent the request may know it."""
        return problem(_PROBLEMS[self.code], str(self))
