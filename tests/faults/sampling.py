"""How many of the places where a fault can be injected are tried: few in `make check`, all in `make chaos`."""

import os

FEW = 1
SOME = int(os.environ.get("OMEGA_ROUNDS", "3"))


def spread(number, most):
    """Return at most `most` of the numbers 1 to `number`, evenly spread; of one, the one in the middle."""
    if number <= most:
        return list(range(1, number + 1))
    return [1 + number * (2 * each + 1) // (2 * most) for each in range(most)]
