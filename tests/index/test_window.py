"""Which segments have their records in the index."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from app.index.window import Window

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = Window.ending(NOW, timedelta(days=2))


@pytest.mark.parametrize(
    ("sealed_at", "retain_until", "held"),
    [
        pytest.param("2026-11-22T11:00:00.000000Z", "2033-01-01T00:00:00.000000Z", True, id="an hour ago"),
        pytest.param("2026-11-20T12:00:00.000000Z", "2033-01-01T00:00:00.000000Z", True, id="when it began"),
        pytest.param("2026-11-20T11:59:59.999999Z", "2033-01-01T00:00:00.000000Z", False, id="before it began"),
        pytest.param("2026-11-22T11:00:00.000000Z", "2026-11-22T12:00:00.000000Z", False, id="not kept any more"),
        pytest.param("2026-11-22T13:00:00.000000Z", "2033-01-01T00:00:00.000000Z", True, id="by a clock that is ahead"),
    ],
)
def test_what_is_in_the_window(sealed_at, retain_until, held):
    assert WINDOW.holds(SimpleNamespace(sealed_at=sealed_at, retain_until=retain_until)) is held


def test_a_window_longer_than_the_calendar_holds_everything():
    assert Window.ending(NOW, timedelta(days=10_000_000)).since == "0001-01-01T00:00:00.000000Z"
