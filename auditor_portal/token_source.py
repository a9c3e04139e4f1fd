"""The portal's token for the decision endpoint: from a file that somebody renews, or, beside a node, issued here.

Owns when it is read or issued again. What it lets its holder ask, policy data say of the caller `portal`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from app import identity, keys
from app.jwt_form import LONGEST_TOKEN
from app.pdp.errors import UnrecordedError
from app.settings import Settings
from auditor_portal.deciding import PORTAL

LIFETIME: Final = 300
"""Seconds that a token lives which is issued here."""

_EARLY: Final = 60  # seconds before its end that another is issued
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.-]+")


class FromFile:
    """Reads a token from a file, again whenever the file has changed. For many threads."""

    def __init__(self, path: Path) -> None:
        self._path, self._reading = path, Lock()
        self._read: tuple[tuple[int, int, int], str] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Go to another process as what it reads."""
        return FromFile, (self._path,)

    def __call__(self) -> str:
        """Return the token.

        Raises:
            UnrecordedError: there is none in the file, so nothing can be asked.
        """
        try:
            with self._reading:
                found = self._path.stat()
                version = found.st_mtime_ns, found.st_ino, found.st_size
                if self._read is None or self._read[0] != version:
                    self._read = version, _token(self._path)
                return self._read[1]
        except (OSError, ValueError):
            raise UnrecordedError(f"`{self._path}` holds no token") from None


class Issued:
    """Issues tokens with a node's key, each for a short while. For many threads."""

    def __init__(self, directory: Path, issuer: str, now: Callable[[], float]) -> None:
        """Issue with the key in `directory`, as `omega token issue` does for the log called `issuer`.

        Args:
            directory: of the node's keys.
            issuer: OMEGA_ORIGIN of the node.
            now: Unix seconds.
        """
        self._directory, self._issuer, self._now, self._issuing = directory, issuer, now, Lock()
        self._token, self._until = "", 0.0

    def __reduce__(self) -> tuple[object, ...]:
        """Go to another process as what it issues with."""
        return Issued, (self._directory, self._issuer, self._now)

    def __call__(self) -> str:
        """Return the token.

        Raises:
            UnrecordedError: the key is not there, so nothing can be asked.
        """
        with self._issuing:
            now = self._now()
            if now >= self._until:
                try:
                    self._token = identity.issue(
                        keys.load_token_key(self._directory),
                        subject=PORTAL.subject,
                        tenant=PORTAL.tenant,
                        issuer=self._issuer,
                        lifetime=LIFETIME,
                        now=now,
                    )
                except keys.KeyFileError as error:
                    raise UnrecordedError(f"{error}; or set OMEGA_PORTAL_TOKEN_FILE") from error
                self._until = now + LIFETIME - _EARLY
            return self._token


def token_source(settings: Settings, now: Callable[[], float]) -> Callable[[], str]:
    """Return where the token comes from, as `settings` say."""
    if settings.portal.token is not None:
        return FromFile(settings.portal.token)
    return Issued(settings.keys, settings.origin, now)


def _token(path: Path) -> str:
    """Return what is in a file.

    Raises:
        ValueError: it is no token.
    """
    with path.open("rb") as file:
        text = file.read(LONGEST_TOKEN + 2).strip().decode("ascii")
    if not _TOKEN.fullmatch(text) or len(text) > LONGEST_TOKEN:
        raise ValueError
    return text
