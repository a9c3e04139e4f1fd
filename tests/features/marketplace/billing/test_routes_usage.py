"""Services report use, a batch by a decision; the job makes invoices of it, which buyers and finance see."""

import json

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.billing.cloudevents import BATCH, ONE
from app.features.marketplace.billing.invoice_job import NAME, InvoiceJob
from app.features.marketplace.billing.rows import InvoiceRow, UsageRow
from app.features.marketplace.rows import PartyKind
from app.jobs.job import Run
from app.pdp.errors import DeniedError
from app.scheduling import Asked
from tests.features.marketplace.billing.selling import DAY, OCTOBER, metered, subscription
from tests.features.marketplace.trading import keep, party, permit
from tests.reporting.pdf_tools import ran

JSON = {"accept": "application/json"}


def event(identifier="run-1", quantity=12_000, **changed):
    made = {
        "specversion": "1.0",
        "type": "omega.marketplace.usage",
        "source": "/runner",
        "id": identifier,
        "subject": "sub-1",
        "time": "2026-10-05T08:00:00Z",
        "data": {"quantity": quantity},
    }
    return made | changed


@pytest.fixture
def selling(market):
    metered()
    return market


def report(selling, said, by="marketplace"):
    kind = BATCH if isinstance(said, list) else ONE
    client = selling.control.app.test_client()
    return client.post(
        "/marketplace/usage", data=json.dumps(said), content_type=kind, headers=JSON, environ_base=selling.service(by)
    )


def statuses(answer):
    return [each["status"] for each in answer.json["events"]]


def invoices(selling, stopping=lambda: False):
    """Run the job once, and return what it says."""
    job = InvoiceJob(Asked(selling.control.around.pdp).enforce, clock=selling.now)
    assert job.job().name == NAME
    run = Run(permit=permit(), scheduled_for=selling.now(), missed=0, attempt=1, stopping=stopping)
    return {} if job.job().idle() else job.run(run)


def test_a_batch_is_one_decision_and_each_event_has_its_answer(selling):
    batch = [event("a"), event("a"), event("a", 5), event("b", subject="sub-9"), event("c", 0 + 1)]
    answer = report(selling, batch)
    assert (answer.status_code, statuses(answer)) == (200, [201, 200, 409, 404, 201])
    assert len(selling.decisions("marketplace.meter")) == 1
    with reading() as session:
        assert {row.decision_id for row in session.exec(select(UsageRow)).all()} == {answer.json["decision_id"]}
        assert len(session.exec(select(EffectRow)).all()) == 1


def test_one_event_is_answered_as_such(selling):
    assert [report(selling, each).status_code for each in (event(), event(), event(quantity=1))] == [201, 200, 409]


def test_a_developers_service_reports_nothing(selling):
    assert report(selling, event(), "acme-ci").status_code == 403
    assert [gate["id"] for gate in report(selling, event(), "acme-ci").json["gates"]] == ["authorised"]


def test_use_of_another_tenant_denies_the_batch(selling):
    keep(subscription("sub-2", tenant="another"))
    answer = report(selling, [event(), event("b", subject="sub-2")])
    assert [gate["id"] for gate in answer.json["gates"]] == ["own_tenant"]


def test_use_of_tomorrow_denies_the_batch(selling):
    answer = report(selling, event(time="2026-11-24T00:00:00Z"))
    assert [gate["id"] for gate in answer.json["gates"]] == ["timely"]


@pytest.mark.parametrize("said", [[], event(type="another")])
def test_what_is_no_event_is_refused(selling, said):
    assert report(selling, said).status_code == 400


def test_nobodys_subscription_is_not_found(selling):
    assert report(selling, event(subject="sub-9")).status_code == 404


def test_the_job_makes_invoices_by_a_decision_each(selling):
    report(selling, [event(), event("b", 3, time="2026-11-05T08:00:00Z")])
    assert invoices(selling) == {"made": 1, "denied": 0}
    assert invoices(selling) == {}
    (body,) = selling.decisions("marketplace.invoice")
    assert body["result"]["allow"]
    with reading() as session:
        (row,) = session.exec(select(InvoiceRow)).all()
        assert (row.id, row.total) == ("sub-1.2026-10", 92_000)
        assert session.get(EffectRow, row.decision_id).resource == "sub-1.2026-10"


def test_the_job_stops_when_it_is_to(selling):
    report(selling, event())
    assert invoices(selling, stopping=lambda: True) == {"made": 0, "denied": 0}


def test_what_policy_denies_has_no_invoice(selling):
    def refuse(asked):
        denied = Asked(selling.control.around.pdp).enforce
        changed = asked.resource.properties | {"finalised": True}
        asked.resource.properties.clear()
        asked.resource.properties.update(changed)
        return denied(asked)

    report(selling, event())
    job = InvoiceJob(refuse, clock=selling.now)
    run = Run(permit=permit(), scheduled_for=0, missed=0, attempt=1, stopping=lambda: False)
    assert job.run(run) == {"made": 0, "denied": 1}
    with pytest.raises(DeniedError):
        job._make(*job._due()[0])


@pytest.fixture
def invoiced(selling):
    report(selling, event())
    invoices(selling)
    return selling


ONE_INVOICE = "/marketplace/invoices/sub-1.2026-10"


def test_a_buyer_sees_their_invoice(invoiced):
    buyer = invoiced.buyer()
    assert "sub-1.2026-10" in buyer.get("/marketplace/invoices").text
    page = buyer.get(ONE_INVOICE).text
    assert "920.00 USD" in page
    assert "nothing is collected" in page
    found = buyer.json(ONE_INVOICE).json
    assert sum(each["amount"] for each in found["lines"]) == found["total"] == 92_000
    assert buyer.json("/marketplace/invoices").json["invoices"][0]["total"] == 92_000


def test_an_invoice_is_a_table(invoiced):
    text = invoiced.buyer().get(f"{ONE_INVOICE}/csv").text
    assert text.splitlines()[0].startswith("text,quantity,unit price")
    assert text.splitlines()[-1] == "total,,,,,92000"


@pytest.mark.slow
def test_an_invoice_is_a_document_with_its_data(invoiced, tmp_path):
    answer = invoiced.buyer().get(f"{ONE_INVOICE}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    path = tmp_path / "invoice.pdf"
    path.write_bytes(answer.data)
    assert "pdfaid:part>3<" in ran("pdfinfo", "-meta", path)
    assert "920.00 USD" in ran("pdftotext", "-layout", path, "-")
    ran("pdfdetach", "-savefile", "invoice.json", "-o", tmp_path / "invoice.json", path)
    assert json.loads((tmp_path / "invoice.json").read_bytes())["total"] == 92_000
    assert invoiced.buyer().get(f"{ONE_INVOICE}/pdf").data == answer.data


def test_finance_sees_every_invoice(invoiced):
    finance = invoiced.officer("ofc-7", "omega-finance")
    assert "globex" in finance.get("/marketplace/finance/invoices").text
    assert finance.json(ONE_INVOICE).json["buyer"]["id"] == "globex"


def test_others_see_none(invoiced):
    keep(party("initech", PartyKind.BUYER))
    developer, buyer = invoiced.officer("dev-1", "omega-security"), invoiced.officer("buy-1", "omega-security")
    assert developer.json(ONE_INVOICE).status_code == 403
    assert developer.json("/marketplace/invoices").status_code == 403
    assert buyer.json("/marketplace/finance/invoices").status_code == 403
    assert invoiced.control.visitor().json(ONE_INVOICE).status_code == 403
    assert invoiced.buyer().json("/marketplace/invoices/sub-1.2026-09").status_code == 404


def test_what_is_carried_on_is_said(selling):
    report(selling, event(quantity=5))
    invoices(selling)
    back = {"quantity": -2, "corrects": {"source": "/runner", "id": "run-1"}}
    report(selling, event("c", data=back, time="2026-11-02T00:00:00Z"))
    selling.later(30 * DAY)
    assert invoices(selling) == {"made": 1, "denied": 0}
    assert "took back 2 units more" in selling.buyer().get("/marketplace/invoices/sub-1.2026-11").text
    assert selling.now() > OCTOBER
