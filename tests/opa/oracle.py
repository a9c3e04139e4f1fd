"""Where OPA's engine is for the tests, and how differences are shown."""

from pathlib import Path

import pytest

from app.pdp import second_opinion

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / ".venv" / "opa" / "opa_bindings" / "libopabridge.so"

SHOWN = 10
"""Differences that a message shows; it counts the others."""


def absent(environ):
    """End a test for which there is no OPA: it fails where engines have to be compared, and is skipped elsewhere."""
    said = "OPA's engine is not in .venv/opa; `make .venv/opa` fetches it"
    if environ.get("CI") == "true":
        pytest.fail(f"the engines have to be compared here, and {said}")
    pytest.skip(f"THE ENGINES ARE NOT COMPARED: {said}")


def differences(names, here, there):
    """Return a line for each answer that is not the same."""
    return [each.told() for each in second_opinion.differences(names, here, there)]


def listed(found):
    """Return the message of a test that found differences."""
    more = f"\nand {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"differences: {len(found)}\n" + "\n".join(found[:SHOWN]) + more
