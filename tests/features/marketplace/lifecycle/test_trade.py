"""An agent counts as often as it was installed; a token that nobody used counts for nothing."""

from app.db import reading
from app.features.marketplace.catalogue.rows import InstallRow
from app.features.marketplace.lifecycle.trade import MarketTrade
from tests.features.marketplace.trading import DIGEST, keep


def install(name, at):
    return InstallRow(
        id=name,
        agent="invoice-reader",
        version="1.0.0",
        artifact=DIGEST,
        buyer="globex",
        issued_at=1,
        redeemed_at=at,
        decision_id="made-by-a-test-1",
    )


def test_installs_are_counted_and_who_bought_nothing_has_no_order(market_anywhere):  # noqa: ARG001 - its tables
    keep(install("i1", 2), install("i2", 3), install("i3", None))
    with reading() as session:
        assert MarketTrade().downloads(session, "invoice-reader") == 2
        assert MarketTrade().downloads(session, "other") == 0
        assert MarketTrade().bought(session, "globex", "invoice-reader") is None
