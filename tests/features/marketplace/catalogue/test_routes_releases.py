"""A release passes its gates and is sold, or is told what is missing; a newer one takes its place."""

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.rows import AgentRow, AgentState, ReleaseRow
from tests.features.marketplace.catalogue.publishing import GOOD, brought_in, on_sale, outsider
from tests.features.marketplace.trading import agent, keep, release

PLACE = "/marketplace/agents/invoice-reader"


def row(version="1.0.0"):
    with reading() as session:
        return session.get(ReleaseRow, ("invoice-reader", version))


def listed():
    with reading() as session:
        return session.get(AgentRow, "invoice-reader")


def effects(action):
    with reading() as session:
        return session.exec(select(EffectRow).where(EffectRow.action == action)).all()


def failed(answer):
    return sorted(each["id"] for each in answer.json["gates"])


def test_a_release_is_published_and_can_be_found_by_anybody(shop):
    place = on_sale(shop.developer())
    assert (row().state, row().published_at, listed().state) == ("listed", shop.now(), "listed")
    assert (listed().newest, listed().level) == ("1.0.0", 3)
    [made] = effects("marketplace.publish")
    assert made.decision_id == row().decision_id
    visitor = shop.control.visitor()
    assert "Invoice reader" in visitor.get("/marketplace/").text
    for page in (visitor.get(PLACE), visitor.get(place)):
        assert page.status_code == 200
        assert "https://builder.example/b" in page.text


def test_each_decision_to_publish_has_one_effect(shop):
    place = on_sale(shop.developer())
    assert shop.developer().post(f"{place}/publish").status_code == 409
    allowed = [each for each in shop.decisions("marketplace.publish") if each["result"]["allow"]]
    assert len(allowed) == len(effects("marketplace.publish")) == 1


def test_a_draft_is_seen_by_nobody_else(shop):
    place = brought_in(shop.developer())
    assert outsider(shop).get(place).status_code == 403
    assert outsider(shop).get(PLACE).status_code == 403
    assert outsider(shop).get(f"{place}/gates").status_code == 403
    assert shop.officer("ofc-51", "omega-auditors").get(f"{place}/gates").status_code == 200


def test_all_gates_are_told_at_once_and_nothing_is_published_by_looking(opened):
    shop, _, examiner = opened
    examiner.facts = GOOD | {"tests": {"coverage_percent": 79.99}, "signature": {"verified": False}}
    examiner.problems = {"signed": ("the bundle is of other bytes",)}
    browser = shop.developer()
    place = brought_in(browser)
    [found] = browser.json(f"{place}/gates").json["checklists"]
    missing = {each["gate"]: each for each in found["gates"] if not each["passed"]}
    assert found["allow"] is False
    assert set(missing) == {"covered", "signed", "trust_kept"}
    assert missing["signed"]["said"] == ["the bundle is of other bytes"]
    assert missing["covered"]["seen"] == ["tests.coverage percent: 79.99"]
    page = browser.get(f"{place}/gates").text
    assert "3 missing" in page
    assert "the bundle is of other bytes" in page
    assert (row().state, shop.decisions("marketplace.publish")) == ("draft", [])
    assert len(shop.decisions("marketplace.preview")) == 2


def test_what_is_missing_is_what_denies(opened):
    shop, _, examiner = opened
    examiner.facts = GOOD | {"sbom": {"format": "cyclonedx", "valid": True, "complete": False}}
    browser = shop.developer()
    place = brought_in(browser)
    answer = browser.post(f"{place}/publish", accept="application/json")
    assert (answer.status_code, failed(answer)) == (403, ["sbom_complete"])
    assert (row().state, listed().state, effects("marketplace.publish")) == ("draft", "draft", [])


def test_a_fact_that_nobody_found_out_denies(opened):
    shop, _, examiner = opened
    examiner.facts = {name: each for name, each in GOOD.items() if name != "findings"}
    browser = shop.developer()
    place = brought_in(browser)
    assert browser.post(f"{place}/publish").status_code == 403
    [found] = browser.json(f"{place}/gates").json["checklists"]
    assert found["diagnostics"]


def test_without_a_soak_it_is_a_labelled_preview(opened):
    shop, _, examiner = opened
    examiner.facts = GOOD | {"soak": {"hours": 0}}
    browser = shop.developer()
    place = on_sale(browser, channel="preview")
    assert row().state == "preview"
    assert "preview" in shop.control.visitor().get(place).text


def test_a_newer_release_takes_the_place_of_the_one_on_sale(shop):
    browser = shop.developer()
    on_sale(browser)
    place = on_sale(browser, "1.1.0")
    assert listed().newest == "1.0.0"
    [found] = browser.json(f"{place}/gates").json["checklists"]
    assert (found["action"], found["allow"]) == ("marketplace.update", True)
    assert browser.post(f"{place}/update").location == PLACE
    assert listed().newest == "1.1.0"
    assert effects("marketplace.update")[0].decision_id == listed().decision_id


@pytest.mark.parametrize(
    ("version", "broken", "gate"), [("1.1.0", True, "compatible"), ("0.9.0", False, "version_rises")]
)
def test_what_breaks_or_goes_back_does_not_take_its_place(opened, version, broken, gate):
    shop, _, examiner = opened
    browser = shop.developer()
    on_sale(browser)
    place = on_sale(browser, version)
    examiner.broken = broken
    answer = browser.post(f"{place}/update", accept="application/json")
    assert failed(answer) == [gate]
    assert listed().newest == "1.0.0"


def test_a_draft_does_not_take_its_place(shop):
    browser = shop.developer()
    on_sale(browser)
    place = brought_in(browser, "1.1.0")
    assert failed(browser.post(f"{place}/update", accept="application/json")) == ["published"]


def test_trust_is_not_lowered(opened):
    shop, _, examiner = opened
    browser = shop.developer()
    examiner.facts, examiner.level = GOOD | {"provenance": {"verified": True, "slsa_level": 4}}, 4
    on_sale(browser)
    examiner.facts, examiner.level = GOOD, 3
    place = brought_in(browser, "1.1.0")
    assert failed(browser.post(f"{place}/publish", accept="application/json")) == ["trust_kept"]


def test_another_developer_publishes_nothing(shop):
    place = brought_in(shop.developer())
    assert outsider(shop).post(f"{place}/publish").status_code == 403
    assert row().state == "draft"


def test_nothing_of_a_quarantined_agent_is_published(shop):
    keep(
        agent(state=AgentState.QUARANTINED.value, newest="1.0.0"), release(facts={"publish": GOOD, "channel": "stable"})
    )
    browser = shop.developer()
    for verb in ("publish", "update"):
        assert browser.post(f"{PLACE}/releases/1.0.0/{verb}").status_code == 409


def test_files_of_a_release_are_handed_out_to_who_may_see_it(shop):
    browser = shop.developer()
    place = brought_in(browser)
    assert browser.get(f"{place}/files/manifest").data == b"{}"
    assert browser.get(f"{place}/files/sbom").status_code == 404
    assert browser.get(f"{place}/files/artifact").status_code == 404
    assert outsider(shop).get(f"{place}/files/manifest").status_code == 403


@pytest.mark.parametrize("path", ["", "/gates", "/files/manifest"])
def test_what_is_not_there_is_not_there(shop, path):
    assert shop.developer().get(f"{PLACE}/releases/9.9.9{path}").status_code == 404
