"""The job that looks for names: what waits is redacted once, whatever dies in between, or stays sealed."""

import logging
from contextlib import nullcontext

import pytest

from app.features.privacy.names_job import NAME, NamesJob
from app.jobs.job import JobError, Run
from app.pep import CONTROL
from app.privacy.redaction.documents import Documents
from app.privacy.redaction.errors import NamesError
from tests.features.privacy import asking
from tests.features.privacy.asking import PERSON
from tests.privacy.redaction.redacted import Mails, Names, permit
from tests.privacy.restricting import mark

TEXT = "Sarah Connor <sarah@example.com>"


class Lane:
    """Looks for names in memory, and fails as a test wants."""

    def __init__(self):
        self.down, self.dying, self.looked = False, 0, 0

    def start(self):
        if self.down:
            raise NamesError("down")

    def find(self, body, language):
        self.looked += 1
        if self.dying:
            self.dying -= 1
            raise NamesError("died")
        [value] = body.values()
        return (*Mails().find(value, language=language), *Names().find(value))


class Lanes:
    """A control plane, the job beside it, and what documents come in."""

    def __init__(self, office):
        self.office, self.lane = office, Lane()
        self.documents = Documents(office.keyring, now=lambda: 1_795_356_000.0)
        self.now = 1_795_356_000.0
        self.job = NamesJob(self.documents, self.enforce, lambda: nullcontext(self.lane), now=lambda: self.now).job()

    def enforce(self, request):
        return self.office.control.around.pdp.enforce(request, CONTROL)

    def bring(self, **changes):
        return self.office.service().redact(lane="names", text=TEXT, **changes).get_json()["id"]

    def get(self, document):
        return self.office.service().get(f"/privacy/documents/{document}").get_json()

    def run(self, stopping=lambda: False):
        return self.job.run(Run(permit=permit(), scheduled_for=0, missed=0, attempt=1, stopping=stopping))


@pytest.fixture
def lanes(sqlite_url):
    with asking.office(sqlite_url) as office:
        yield Lanes(office)


def test_what_waits_is_redacted_once(lanes):
    assert lanes.job.idle()
    documents = [lanes.bring(), lanes.bring()]
    assert not lanes.job.idle()
    assert lanes.run() == {"redacted": 2}
    assert [lanes.get(each)["text"] for each in documents] == ["<PERSON_1> <<EMAIL_1>>"] * 2
    assert lanes.job.idle()
    assert lanes.run() == {}


def test_each_opening_is_on_record_with_its_purpose(lanes):
    document = lanes.bring()
    lanes.run()
    _, body = lanes.office.control.around.records[-1]
    assert body["subject"]["type"] == "job"
    assert body["resource"]["id"] == lanes.documents.find(document).subject
    access = next(each for each in body["result"]["obligations"] if each["id"] == "access")
    assert (access["purpose"], access["step"], access["by"]) == ("support", "find_names", NAME)


def test_a_document_on_which_the_process_dies_is_tried_again_and_then_given_up(lanes):
    document = lanes.bring()
    lanes.lane.dying = 3
    assert [lanes.run() for _ in range(4)] == [{"sealed": 1}, {"sealed": 1}, {"failed": 1}, {}]
    assert lanes.get(document)["state"] == "failed"
    assert "text" not in lanes.get(document)


def test_one_bad_document_holds_up_no_other(lanes):
    lanes.bring()
    lanes.bring()
    lanes.lane.dying = 1
    assert lanes.run() == {"sealed": 1, "redacted": 1}


def test_without_the_process_nothing_is_counted_against_a_document(lanes):
    document = lanes.bring()
    lanes.lane.down = True
    for _ in range(4):
        with pytest.raises(JobError) as raised:
            lanes.run()
        assert raised.value.code == "names_unavailable"
    assert lanes.get(document)["state"] == "sealed"
    lanes.lane.down = False
    assert lanes.run() == {"redacted": 1}


def test_what_nobody_can_open_any_more_is_deleted(lanes):
    document = lanes.bring()
    lanes.office.keyring.destroy()
    assert lanes.run() == {"discarded": 1}
    assert lanes.documents.find(document) is None


def test_what_policy_denies_stays_sealed(lanes, caplog):
    kept = lanes.documents.find(lanes.bring())
    with caplog.at_level(logging.WARNING):
        lanes.documents.finish = None
        raw = lanes.office._product.raw_connection()
        raw.cursor().execute("UPDATE privacy_document SET purpose = 'gossip'")
        raw.commit()
        raw.close()
        assert lanes.run() == {"denied": 1}
    assert lanes.documents.find(kept.id).state == "sealed"
    assert "sarah" not in caplog.text


def test_who_takes_consent_back_while_a_document_waits_has_it_stay_sealed_until_they_consent_again(lanes):
    lanes.office.ask()
    replay = lanes.office.service("replay")
    replay.grant()
    waiting = replay.train().get_json()["id"]
    replay.withdraw()
    assert lanes.run() == {"denied": 1}
    assert lanes.lane.looked == 0
    assert replay.grant().status_code == 201
    assert lanes.job.idle()
    assert lanes.run() == {}, "policy is not asked again at once"
    lanes.now += 3_600
    assert not lanes.job.idle()
    assert lanes.run() == {"redacted": 1}
    assert lanes.documents.find(waiting).state == "ready"


def test_a_document_of_somebody_who_restricts_meanwhile_stays_sealed(lanes):
    studio = lanes.office.service()
    studio.redact(lane="names")
    mark(lanes.office.keyring.key("default", "user", PERSON["id"]).subject)
    assert lanes.run() == {"denied": 1}
    assert lanes.lane.looked == 0


def test_a_run_that_is_told_to_stop_begins_no_other_document(lanes):
    lanes.bring()
    assert lanes.run(stopping=lambda: True) == {}


@pytest.mark.parametrize("method", ["find", "original"])
def test_a_document_that_goes_meanwhile(lanes, method, monkeypatch):
    lanes.bring()

    def gone(*_):
        if method == "original":
            raise LookupError

    monkeypatch.setattr(lanes.documents, method, gone)
    assert lanes.run() == {"gone": 1}


def test_a_document_that_somebody_else_finished_meanwhile(lanes, monkeypatch):
    lanes.bring()
    monkeypatch.setattr(lanes.documents, "finish", lambda *_: False)
    assert lanes.run() == {"gone": 1}
    monkeypatch.setattr(lanes.documents, "failed", lambda *_: None)
    lanes.lane.dying = 1
    assert lanes.run() == {"gone": 1}
