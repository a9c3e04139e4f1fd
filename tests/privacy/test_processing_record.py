"""The record of processing: what stores say of themselves, what policy data say of who answers, as JSON and CSV."""

import json
from dataclasses import dataclass

import pytest

from app.privacy.consent import ConsentError
from app.privacy.processing_record import processing_record
from app.privacy.purposes import purposes
from tests.features.gating import shipped
from tests.features.privacy.consenting import FILES


@dataclass(frozen=True)
class Bundle:
    data: str


def changed(**more):
    return Bundle(json.dumps(json.loads(shipped().data) | more))


STATED = {
    "name": "Acme",
    "contact": "privacy@acme.example",
    "representative": "",
    "data_protection_officer": "",
    "joint_controllers": ["Beta"],
}


def record(bundle):
    return processing_record(bundle, purposes(bundle).values(), [FILES], "2026-11-22T14:00:00Z")


def test_every_store_and_who_answers():
    found = record(changed(controller=STATED))
    document = found.document()
    assert document["controller"]["joint_controllers"] == ["Beta"]
    [activity] = document["processing"]
    assert (activity["store"], activity["retention"]) == ("files", "30 days")
    assert activity["transfers"] == [
        "UK: Implementing Decision (EU) 2021/1772 of 28 June 2021, as renewed on 19 December 2025"
    ]
    assert {each["name"] for each in document["purposes"]} >= {"training", "service"}


def test_a_spreadsheet_runs_nothing_of_it():
    text = record(changed(controller=STATED)).table().csv()
    assert "'=files of members" in text
    assert text.count("\r\n") == 2


def test_a_controller_that_nobody_has_stated_is_said_to_be_missing():
    assert "the controller is not stated" in record(shipped()).table().csv()


def test_safeguards_for_listed_recipients_are_named():
    residency = {"safeguards": {"scc": {"home": ["EU"], "place": "US", "recipients": ["lab"], "source": "SCC 2021"}}}
    [activity] = record(changed(residency=residency)).document()["processing"]
    assert activity["transfers"] == ["US: SCC 2021, to recipients that are listed"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"controller": {}}, id="nobody"),
        pytest.param({"controller": STATED | {"name": 7}}, id="a name that is no text"),
        pytest.param({"controller": []}, id="a list"),
        pytest.param({"residency": {"adequacy": {"x": {}}}}, id="a ground without a place"),
    ],
)
def test_policy_data_that_cannot_be_used(wrong):
    with pytest.raises(ConsentError):
        record(changed(**wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({}, id="a purpose without a basis"),
        pytest.param({"title": "x", "basis": "consent", "law": "y"}, id="consent that lasts for ever"),
        pytest.param({"title": "x", "basis": "contract", "law": "y", "lasts_days": 1}, id="a contract that lasts"),
        pytest.param({"title": 1, "basis": "contract", "law": "y"}, id="a title that is no text"),
        pytest.param([], id="a list"),
    ],
)
def test_purposes_that_cannot_be_used(wrong):
    with pytest.raises(ConsentError):
        purposes(changed(purposes={"odd": wrong}))
