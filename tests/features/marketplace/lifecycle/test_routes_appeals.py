"""A developer appeals once, and another officer than the one who took the listing off decides."""

import pytest

from app.features.marketplace.lifecycle.rows import AppealRow
from tests.features.marketplace.lifecycle.living import SAFETY, reconciled, row, send, state, step


@pytest.fixture
def appeal(market, safety):
    step(safety, "quarantine", reason="fraud")
    return step(market.developer(), "appeals").json["appeal"]


def test_nothing_is_appealed_that_was_not_taken_off(market):
    assert step(market.developer(), "appeals").status_code == 403


def test_an_appeal_is_filed_once(market, appeal):
    assert step(market.developer(), "appeals").status_code == 403
    [waiting] = market.officer("ofc-8", SAFETY).json("/marketplace/queue").json["appeals"]
    assert (waiting["id"], waiting["listing"]) == (appeal, "invoice-reader")


def test_an_appeal_that_is_upheld_brings_the_listing_back(market, safety, appeal):
    assert send(safety, f"appeals/{appeal}/steps", step="uphold").status_code == 403
    other = market.officer("ofc-8", SAFETY)
    assert send(other, f"appeals/{appeal}/steps", step="uphold").json["state"] == "upheld"
    assert (state(), row(AppealRow, appeal).state) == ("listed", "upheld")
    assert send(other, f"appeals/{appeal}/steps", step="dismiss").status_code == 403
    assert reconciled(market)


def test_an_appeal_that_is_dismissed_changes_nothing_for_the_listing(market, appeal):
    other = market.officer("ofc-8", SAFETY)
    assert send(other, f"appeals/{appeal}/steps", step="dismiss").json["state"] == "dismissed"
    assert state() == "quarantined"
    assert send(other, "appeals/apl-0/steps", step="dismiss").status_code == 404
