"""A listing is taken off and brought back as people meet it: in Chromium, with the keyboard, for everybody."""

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.marketplace.lifecycle.living import SAFETY, Order, state, step

pytestmark = pytest.mark.slow


def test_a_listing_is_put_into_quarantine_appealed_delisted_and_brought_back_without_a_script(market, trade):
    trade.orders["globex", "invoice-reader"] = Order("ord-1")
    buyer = market.buyer()
    step(buyer, "reviews", stars="4")
    step(buyer, "support")
    first, second = market.officer("ofc-7", SAFETY), market.officer("ofc-8", SAFETY)
    with on_a_port(market.control.app) as url, chromium() as page:
        barred = []

        def act_as(browser):
            cookie = browser.client.get_cookie("omega")
            page.context.clear_cookies()
            page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": url}])

        def look(path, name):
            page.goto(f"{url}/marketplace/{path}")
            barred.extend(barriers(page))
            page.set_viewport_size({"width": 320, "height": 800})
            assert overflow(page) <= 0
            page.set_viewport_size({"width": 1_280, "height": 800})
            shoot(page, name)

        def do(button, *fields):
            for label, text in fields:
                page.get_by_label(label).fill(text)
            with page.expect_navigation():
                page.get_by_role("button", name=button).press("Enter")

        act_as(buyer)
        look("listings/invoice-reader/life", "marketplace-life-buyer")
        act_as(first)
        look("listings/invoice-reader/life", "marketplace-life-officer")
        do("Put into quarantine", ("What buyers are told of the quarantine", "it sends invoices elsewhere"))
        assert state() == "quarantined"
        market.later(60)
        act_as(market.developer())
        look("listings/invoice-reader/life", "marketplace-life-developer")
        do("Appeal", ("Why it should come back", "the host is our own"))
        act_as(first)
        look("listings/invoice-reader/life", "marketplace-life-quarantined")
        do("Take off the market", ("What buyers are told of its being taken off", "the host is nobody's"))
        assert state() == "delisted"
        act_as(second)
        look("queue", "marketplace-queue")
        do("Decide", ("Why", "the host is theirs after all"))
        assert state() == "listed"
        assert page.get_by_text("Appeals").is_visible()
        assert barred == []
