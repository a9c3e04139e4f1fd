"""Who somebody is, once that was shown, and why it was not believed. Knows neither providers nor links."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST_GROUPS: Final = 64
_LONGEST: Final = 128


class LoginCode(StrEnum):
    """Why somebody is not signed in."""

    NOT_BEGUN = "not_begun"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_FAILED = "provider_failed"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a word
    UNUSABLE_NAME = "unusable_name"
    LINK_REFUSED = "link_refused"
    USED = "used"


class LoginError(Exception):
    """It was not shown who somebody is; the code says what is missing, and nothing of the person."""

    def __init__(self, code: LoginCode) -> None:
        super().__init__(f"not signed in: {code.value}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Whom an identity provider, or who issued a login link, says that somebody is.

    Attributes:
        officer: their id.
        groups: which they are in.
        second_factor: whether they showed more than one thing.
        login: names this one login; good for one session.
        method: how they were identified, `provider` or `link`.
    """

    officer: str
    groups: tuple[str, ...]
    second_factor: bool
    login: str
    method: str


def officer_id(value: Any) -> str:
    """Return a name that a record takes: printable ASCII without spaces, at most 128 characters.

    Raises:
        LoginError: it is none.
    """
    if not _usable(value):
        raise LoginError(LoginCode.UNUSABLE_NAME)
    return str(value)


def groups_of(value: Any, known: frozenset[str]) -> tuple[str, ...]:
    """Return those groups of a claim that policy knows: which others a person is in is nobody's business here.

    Raises:
        LoginError: the claim is no list.
    """
    if not isinstance(value, list):
        raise LoginError(LoginCode.TOKEN_REFUSED)
    return tuple(sorted({each for each in value if _usable(each) and each in known}))[:MOST_GROUPS]


def _usable(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and all("!" <= each <= "~" for each in value)
