"""Anybody finds what is on sale; a private catalogue is its tenant's alone."""

import pytest

from app.features.marketplace.catalogue.search import SIZE
from app.features.marketplace.rows import AgentState, MemberRow, PartyKind
from tests.features.marketplace.catalogue.publishing import outsider
from tests.features.marketplace.trading import agent, keep, party


def found(browser, query=""):
    return [each["id"] for each in browser.json(f"/marketplace/{query}").json["agents"]]


@pytest.fixture
def filled(shop):
    on_sale = {"state": AgentState.LISTED.value, "level": 3}
    keep(
        agent("invoice-reader", **on_sale),
        agent(
            "mail-sorter",
            title="Mail_sorter",
            summary="sorts 100% of mail",
            category="office",
            state="deprecated",
            level=2,
        ),
        agent("draft-writer"),
        agent("gone", state=AgentState.DELISTED.value),
        agent("own-tool", tenant="acme-tenant", **on_sale),
        party("umbrella", PartyKind.BUYER, tenant="acme-tenant"),
        MemberRow(account="buy-9", party="umbrella", decision_id="made-by-a-test-1"),
    )
    return shop


def test_what_is_on_sale_is_shown(filled):
    assert found(filled.control.visitor()) == ["invoice-reader", "mail-sorter"]
    assert "deprecated" in filled.control.visitor().get("/marketplace/").text


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("?q=INVOICE", ["invoice-reader"]),
        ("?q=sorts+mail", ["mail-sorter"]),
        ("?q=sorts+invoice", []),
        ("?q=100%25", ["mail-sorter"]),
        ("?q=mail_s", ["mail-sorter"]),
        ("?q=%25", ["mail-sorter"]),
        ("?category=finance", ["invoice-reader"]),
        ("?level=3", ["invoice-reader"]),
        ("?level=2", ["invoice-reader", "mail-sorter"]),
    ],
)
def test_it_is_found_by_words_category_and_level(filled, query, ids):
    assert found(filled.control.visitor(), query) == ids


def test_a_private_catalogue_is_its_tenants(filled):
    assert found(filled.officer("buy-9", "omega-marketplace"), "?tenant=acme-tenant") == ["own-tool"]
    assert outsider(filled).get("/marketplace/?tenant=acme-tenant").status_code == 403
    assert filled.control.visitor().get("/marketplace/?tenant=acme-tenant").status_code == 303
    assert filled.officer("buy-9", "omega-marketplace").get("/marketplace/agents/own-tool").status_code == 200
    assert outsider(filled).get("/marketplace/agents/own-tool").status_code == 403


def test_a_page_ends_and_says_where_the_next_one_begins(shop):
    keep(*[agent(f"agent-{number:02}", state=AgentState.LISTED.value) for number in range(SIZE + 1)])
    first = shop.control.visitor().json("/marketplace/").json
    assert (len(first["agents"]), first["next"]) == (SIZE, f"agent-{SIZE - 1:02}")
    rest = shop.control.visitor().json(f"/marketplace/?after={first['next']}").json
    assert ([each["id"] for each in rest["agents"]], rest["next"]) == ([f"agent-{SIZE:02}"], None)


@pytest.mark.parametrize(
    "query", ["?level=7", "?level=x", "?category=A+B", "?tenant=../x", "?after=%00", f"?q={'x' * 101}"]
)
def test_what_is_no_search_is_refused(shop, query):
    assert shop.control.visitor().get(f"/marketplace/{query}").status_code == 400


def test_nothing_fits(shop):
    assert "Nothing is on sale that fits" in shop.control.visitor().get("/marketplace/?q=nothing").text


def test_an_agent_that_is_not_there(shop):
    assert shop.control.visitor().get("/marketplace/agents/nothing").status_code == 404
