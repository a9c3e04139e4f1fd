"""Mail to persons: sent where there is a mail server, with nothing of theirs but the address, and forgotten then."""

import email
import email.policy
from dataclasses import replace

import pytest
from sqlmodel import select

from app.alert_targets import alert_targets
from app.alerts.outbox import PAUSES
from app.alerts.sending import SendError
from app.db import reading
from app.features.dsr import keeping
from app.features.dsr.letters_job import NAME, LettersJob
from app.features.dsr.rows import LetterRow
from app.features.dsr.texts import texts
from app.jobs.job import Run
from tests.features.dsr.rights import ASKED, permit

[TARGET] = alert_targets("mail=smtps://mail.example.org/security@example.org?from=omega@example.org")


class Post:
    """The job, and a mail server in memory. `refusal` is raised instead."""

    def __init__(self, rights):
        self.rights, self.taken, self.refusal = rights, [], None
        self.job = LettersJob(TARGET, rights.vault, clock=rights.now, send=self.take).job()

    def take(self, target, address, data):
        assert target is TARGET
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((address, email.message_from_bytes(data, policy=email.policy.default)))

    def run(self, *, stopping=False):
        given = permit(action="policies.run_job", by=("job", NAME))
        return self.job.run(Run(permit=given, scheduled_for=0, missed=0, attempt=1, stopping=lambda: stopping))

    def rows(self):
        with reading() as session:
            return list(session.exec(select(LetterRow).order_by(LetterRow.request, LetterRow.number)))

    def subjects(self):
        return [message["subject"] for _, message in self.taken]


@pytest.fixture
def post(rights):
    rights.control.app.extensions["omega.dsr"] = replace(rights.control.app.extensions["omega.dsr"], mails=True)
    return Post(rights)


def asked_code(rights, officer, identifier, **more):
    return rights.stepped(officer, identifier, "ask_identity", "code", **more)


def test_who_asks_gets_the_way_back_by_mail(rights, post):
    assert post.job.idle()
    identifier, key = rights.ask(email="ada@example.com")
    [row] = post.rows()
    assert "ada" not in str(row.sealed)
    assert not post.job.idle()
    assert post.run() == {"waiting": 0, "delivered": 1, "dead": 0}
    [(address, message)] = post.taken
    assert (address, message["from"]) == ("ada@example.com", "omega@example.org")
    assert message["message-id"] == f"<{identifier}-1@example.org>"
    text = message.get_content()
    assert f"/dsr/mine/{identifier}?key={key}" in text.replace("=\n", "")
    assert "Ada" not in text
    assert "usr-1" not in text
    assert post.rows()[0].sealed is None
    assert post.job.idle()
    assert post.run()["delivered"] == 0


def test_without_a_mail_server_nobody_is_written_to(rights, officer):
    rights.ask()
    with reading() as session:
        assert session.exec(select(LetterRow)).all() == []
    identifier, _ = rights.ask(email="bob@example.com", account="usr-2")
    assert "goes" not in officer.get(f"/dsr/requests/{identifier}").text
    assert rights.step(officer, identifier, "ask_identity", "code", contact="bob@example.org").status_code == 400


def test_a_code_goes_to_the_contact_that_the_officer_names_and_is_shown_to_nobody(rights, officer, post):
    identifier, key = rights.ask()
    post.run()
    shown = asked_code(rights, officer, identifier, contact="on-file@example.org")
    assert "identity_code" not in shown
    post.run()
    address, message = post.taken[-1]
    assert address == "on-file@example.org"
    code = message.get_content().split()[2]
    assert len(code) == 8
    assert code not in str(post.rows())
    rights.control.visitor().post(f"/dsr/mine/{identifier}/code", {"key": key, "code": code})
    assert keeping.request(identifier).state == "pending"
    assert "E-mail address on file" not in officer.get(f"/dsr/requests/{identifier}").text


def test_without_a_contact_the_code_is_shown(rights, officer, post):
    identifier, _ = rights.ask()
    assert "E-mail address on file" in officer.get(f"/dsr/requests/{identifier}").text
    assert len(asked_code(rights, officer, identifier)["identity_code"]) == 8
    assert [row.kind for row in post.rows()] == ["confirmation"]
    assert rights.step(officer, identifier, "ask_identity", "code", contact="no address").status_code == 400


def test_news_are_told_once_each_and_say_nothing_of_it(rights, officer, post):
    identifier, _ = rights.verified(officer, language="de")
    post.run()
    rights.stepped(officer, identifier, "ask", message="which order?")
    rights.stepped(officer, identifier, "extend", "complexity")
    rights.stepped(officer, identifier, "hold", "litigation:2026-17")
    assert not post.job.idle()
    assert post.run()["delivered"] == 2
    assert post.subjects()[1:] == [f"Neues zu Ihrer Anfrage {identifier}"] * 2
    assert "order" not in post.taken[-1][1].get_content()
    assert post.run()["delivered"] == 0


def test_a_server_that_does_not_take_it_is_asked_again_and_given_up_in_the_end(rights, post):
    rights.ask()
    post.refusal = SendError("unreachable")
    for pause in PAUSES:
        assert post.run() == {"waiting": 1, "delivered": 0, "dead": 0}
        assert post.run()["waiting"] == 0, "not before its time"
        rights.later(seconds=pause)
    assert post.run()["dead"] == 1
    [row] = post.rows()
    assert (row.state, row.code, row.sealed) == ("dead", "unreachable", None)
    assert post.job.idle()


def test_a_code_is_not_sent_once_it_is_no_longer_good(rights, officer, post):
    identifier, _ = rights.ask()
    post.run()
    asked_code(rights, officer, identifier, contact="on-file@example.org")
    post.refusal = SendError("unreachable")
    rights.later(seconds=600)
    assert post.run()["dead"] == 1


def test_an_address_that_the_server_refuses_for_good(rights, post):
    rights.ask()
    post.refusal = SendError("recipients_refused", hopeless=True)
    assert post.run()["dead"] == 1


def test_nobody_is_written_to_who_was_erased(rights, officer, post):
    identifier, _ = rights.verified(officer)
    rights.vault.destroy("default", "user", ASKED["account"])
    rights.stepped(officer, identifier, "deny", "excessive")
    assert post.run()["dead"] == 2
    assert post.taken == []


def test_while_the_key_store_is_away_letters_wait(rights, post):
    rights.ask()
    rights.vault.failing = True
    assert post.run() == {"waiting": 1, "delivered": 0, "dead": 0}
    rights.vault.failing = False
    rights.later(seconds=PAUSES[0])
    assert post.run()["delivered"] == 1


def test_a_job_that_is_told_to_stop_sends_nothing_more(rights, post):
    rights.ask()
    assert post.run(stopping=True)["delivered"] == 0


def test_every_language_has_the_letters():
    for language in ("de", "en"):
        assert texts(language)["letters"].keys() == {"confirmation", "code", "news"}
