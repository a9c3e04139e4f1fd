"""Developers lay out agents and bring in releases; nothing is on sale by it."""

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.rows import AgentRow, AgentState, PartyKind, ReleaseRow
from tests.features.marketplace.catalogue.publishing import MANIFEST, laid_out, open_market, release_form
from tests.features.marketplace.trading import agent, keep, party


def rows(kind):
    with reading() as session:
        return session.exec(select(kind)).all()


def gates(answer):
    return sorted(each["id"] for each in answer.json["gates"])


def test_an_agent_is_laid_out_as_a_draft(shop):
    browser = shop.developer()
    assert browser.post("/marketplace/agents", laid_out()).location == "/marketplace/agents/invoice-reader"
    [row] = rows(AgentRow)
    assert (row.id, row.developer, row.state, row.newest) == ("invoice-reader", "acme", "draft", None)
    assert [each.decision_id for each in rows(EffectRow)] == [row.decision_id]
    assert "Invoice reader" in browser.get("/marketplace/mine").text
    assert browser.json("/marketplace/mine").json["agents"][0]["id"] == "invoice-reader"


def test_a_release_is_brought_in_and_looked_into(opened):
    shop, objects, examiner = opened
    browser = shop.developer()
    browser.post("/marketplace/agents", laid_out())
    answer = browser.post("/marketplace/agents/invoice-reader/releases", release_form(sbom=b"{}", tests=b"signed"))
    assert answer.location == "/marketplace/agents/invoice-reader/releases/1.0.0"
    [row] = rows(ReleaseRow)
    assert (row.state, row.level, row.manifest, row.facts["channel"]) == ("draft", 3, MANIFEST, "stable")
    assert set(row.files) == {"bundle", "manifest", "sbom", "tests"}
    assert objects.held[f"marketplace/sha256/{row.artifact.removeprefix('sha256:')}"] == b"bytes of an agent"
    [(upload, origin, _)] = examiner.asked
    assert upload.artifact == b"bytes of an agent"
    assert (origin.developer, origin.tenant, origin.previous) == ("acme", "default", None)
    page = browser.get(answer.location).text
    assert "https://builder.example/b" in page
    assert "api.example.org" in page


def test_a_service_brings_in_a_release(opened):
    shop, _, _ = opened
    keep(agent())
    answer = shop.control.app.test_client().post(
        "/marketplace/agents/invoice-reader/releases",
        data=release_form(channel=None) | {"channel": "preview"},
        environ_overrides=shop.service(),
    )
    assert (answer.status_code, answer.json["channel"], answer.json["version"]) == (201, "preview", "1.0.0")


def test_nothing_of_another_developer_is_changed(opened):
    shop, objects, _ = opened
    keep(party("initech", PartyKind.DEVELOPER), agent(developer="initech"))
    answer = shop.developer().post(
        "/marketplace/agents/invoice-reader/releases", release_form(), accept="application/json"
    )
    assert (answer.status_code, gates(answer)) == (403, ["authorised"])
    assert (rows(ReleaseRow), objects.held) == ([], {})


def test_the_same_version_or_artifact_comes_once(shop):
    browser = shop.developer()
    browser.post("/marketplace/agents", laid_out())
    path = "/marketplace/agents/invoice-reader/releases"
    assert browser.post(path, release_form()).status_code == 303
    for again in (release_form(artifact=b"others"), release_form("1.0.1")):
        assert gates(browser.post(path, again, accept="application/json")) == ["unused"]
    assert len(rows(ReleaseRow)) == 1


def test_an_agent_that_is_quarantined_takes_no_release(shop):
    keep(agent(state=AgentState.QUARANTINED.value))
    answer = shop.developer().post(
        "/marketplace/agents/invoice-reader/releases", release_form(), accept="application/json"
    )
    assert gates(answer) == ["open"]


def test_a_developer_who_did_not_accept_the_text_in_force_drafts_nothing(shop):
    from app.features.marketplace.rows import MemberRow  # noqa: PLC0415 - of this test alone

    keep(
        party("umbrella", PartyKind.DEVELOPER, agreement="ab" * 32),
        MemberRow(account="dev-2", party="umbrella", decision_id="made-by-a-test-1"),
    )
    answer = shop.officer("dev-2").post("/marketplace/agents", laid_out(), accept="application/json")
    assert gates(answer) == ["agreement"]


@pytest.mark.parametrize(
    "form",
    [
        release_form(bundle=None),
        release_form(artifact=None),
        release_form(readme=b"what is this"),
        release_form(version=""),
        release_form(version="1/0"),
        release_form() | {"channel": "nightly"},
    ],
)
def test_what_is_no_release_is_refused(shop, form):
    keep(agent())
    assert shop.developer().post("/marketplace/agents/invoice-reader/releases", form).status_code == 400


@pytest.mark.parametrize(
    "changed", [{"repository": "javascript:alert(1)"}, {"title": ""}, {"category": "A B"}, {"agent": "-"}]
)
def test_what_is_no_agent_is_refused(shop, changed):
    assert shop.developer().post("/marketplace/agents", laid_out(**changed)).status_code == 400
    assert rows(AgentRow) == []


def test_without_an_examiner_nothing_is_brought_in(market):
    keep(agent())
    answer = market.developer().post("/marketplace/agents/invoice-reader/releases", release_form())
    assert answer.status_code == 503


def test_who_is_no_developer_has_no_agents(shop):
    assert "Register as one" in shop.buyer().get("/marketplace/mine").text
    assert shop.buyer().post("/marketplace/agents", laid_out()).status_code == 403


def test_a_visitor_is_sent_to_sign_in(sqlite_url):
    with open_market(sqlite_url) as (shop, _, _):
        assert shop.control.visitor().get("/marketplace/mine").status_code == 303
