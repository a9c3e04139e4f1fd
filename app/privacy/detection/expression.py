"""Regular expressions whose work is bounded, so that no text makes one of them take for ever.

A backtracking matcher is slow where one text can be read in very many ways. Here the number of steps for one place of a
text is counted before an expression is used: every repetition has to say how often at most, references back are
refused, and the product has to stay small. Knows nothing of personal data.
"""

import re
from importlib import import_module
from typing import Any, Final

from app.privacy.detection.errors import ExpressionError

MOST_STEPS: Final = 8_192
"""That a matcher may take at one place of a text."""
_MOST_CHARACTERS: Final = 1_024
_MOST_REPEATS: Final = 1_024
_parser: Any = import_module("re._parser")
_MANY: Final = MOST_STEPS + 1


def compiled(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    r"""Return a regular expression of Python's `re` whose work is bounded.

    Args:
        pattern: without `*`, `+`, `{2,}` and references back; `{1,64}+` (possessive) and `(?>...)` cost least.
        ignore_case: letters count in either case.

    Raises:
        ExpressionError: it is none, or could take more steps than `MOST_STEPS` at one place.
    """
    if len(pattern) > _MOST_CHARACTERS:
        raise ExpressionError(f"the expression has more than {_MOST_CHARACTERS} characters")
    try:
        steps, _ = _sequence(_parser.parse(pattern))
        found = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise ExpressionError("it is no regular expression") from error
    if steps > MOST_STEPS:
        raise ExpressionError(f"it may take more than {MOST_STEPS} steps at one place: bound its repetitions")
    if found.match(""):
        raise ExpressionError("it matches nothing at all")
    return found


def steps(pattern: str) -> int:
    """Return how many steps at most a matcher takes at one place, `MOST_STEPS + 1` for anything above."""
    return min(_sequence(_parser.parse(pattern))[0], _MANY)


def _sequence(items: Any) -> tuple[int, int]:
    """Return the steps of one item behind another, and in how many ways all of them match."""
    taken, ways = 0, 1
    for code, argument in items:
        more, times = _item(str(code), argument)
        taken, ways = min(taken + ways * more, _MANY), min(ways * times, _MANY)
    return taken, ways


def _item(code: str, argument: Any) -> tuple[int, int]:
    """Return the steps of one item, and in how many ways it matches."""
    match code:
        case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY" | "AT":
            return 1, 1
        case "SUBPATTERN":
            return _sequence(argument[3])
        case "ATOMIC_GROUP":
            return _sequence(argument)[0], 1
        case "ASSERT" | "ASSERT_NOT":
            return _sequence(argument[1])[0] + 1, 1
        case "BRANCH":
            each = [_sequence(one) for one in argument[1]]
            return sum(one[0] for one in each) + 1, sum(one[1] for one in each)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(*argument, possessive=code.startswith("POSSESSIVE"))
        case _:
            raise ExpressionError("it refers back, or holds what is not read here")


def _repeated(least: int, most: Any, items: Any, *, possessive: bool) -> tuple[int, int]:
    if most > _MOST_REPEATS:
        raise ExpressionError(f"a repetition has to say how often at most, and not more than {_MOST_REPEATS}")
    each, times = _sequence(items)
    if possessive:
        return min(1 + most * each, _MANY), 1
    taken, ways, power = 1, 0, 1
    for count in range(most + 1):
        if count >= least:
            ways = min(ways + power, _MANY)
        if count < most:
            taken = min(taken + power * each, _MANY)
        power = min(power * times, _MANY)
    return taken, max(ways, 1)
