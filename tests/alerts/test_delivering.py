"""From the row to who is told: at least once, again after a while, and given up at last."""

import base64
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.alert_targets import alert_targets
from app.alerts.alert import webhook_headers
from app.alerts.delivering import Deliverer
from app.alerts.outbox import PAUSES, Outbox, post
from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.alerts.sending import SendError, send, send_mail
from app.db import open_engine
from tests.alerts.sinks import HttpSink, MailSink, served
from tests.alerts.test_alert import NOW, alert
from tests.jobs.making import permit, sessions

SECRET = b"k" * 24
START = NOW.timestamp()
OK, BROKEN = (200, {}), (500, {})


@pytest.fixture
def database(sqlite_url):
    engine = open_engine(sqlite_url)
    for row in (AlertRow, AlertDeliveryRow):
        row.__table__.create(engine)
    yield sessions(engine)
    engine.dispose()


@pytest.fixture
def outbox(database):
    return Outbox(*database)


@pytest.fixture
def posted(database):
    def make(*targets, **changes):
        with database[1](permit()) as session:
            post(session, alert(**changes), [target.name for target in targets])

    return make


@pytest.fixture
def hook(tmp_path):
    """Return a way to name a webhook."""
    (tmp_path / "secret").write_bytes(b"whsec_" + base64.b64encode(SECRET))

    def make(url):
        [target] = alert_targets(f"webhook={url}#{tmp_path / 'secret'}")
        return target

    return make


def never():
    return False


def told(outbox, *targets, now=START, send=send):
    return dict(Deliverer(outbox, targets, send=send, clock=lambda: now).deliver(permit(), never))


def outcome(**count):
    return {"delivered": 0, "waiting": 0, "dead": 0} | count


def test_an_alert_is_told_signed_and_only_once_where_that_is_known(outbox, posted, hook):
    with served(HttpSink(OK)) as sink:
        target = hook(sink.url)
        posted(target)
        assert not Deliverer(outbox, [target], clock=lambda: START).idle()
        assert told(outbox, target) == outcome(delivered=1)
        assert told(outbox, target) == outcome()
    [(path, headers, body)] = sink.taken
    assert path == "/hook"
    assert json.loads(body)["data"]["id"] == "alt_1"
    said = {name.lower(): value for name, value in headers.items()}
    assert said["content-type"] == "application/json"
    assert webhook_headers("alt_1", body, SECRET, START).items() <= said.items()
    assert Deliverer(outbox, [target], clock=lambda: START).idle()


def test_who_answers_500_is_told_again_later_and_the_id_is_the_same(outbox, posted, hook):
    with served(HttpSink(BROKEN, OK)) as sink:
        target = hook(sink.url)
        posted(target)
        assert told(outbox, target) == outcome(waiting=1)
        assert told(outbox, target, now=START + PAUSES[0] - 0.1) == outcome()
        assert told(outbox, target, now=START + PAUSES[0] + 0.1) == outcome(delivered=1)
    first, second = sink.taken
    assert first[2] == second[2]
    assert first[1]["webhook-id"] == second[1]["webhook-id"] == "alt_1"
    assert first[1]["webhook-timestamp"] != second[1]["webhook-timestamp"]


def test_a_receiver_that_is_away_is_told_when_it_is_back(outbox, posted, hook):
    with served(HttpSink(OK)) as sink:
        port, target = sink.server_port, hook(sink.url)
    posted(target)
    assert told(outbox, target) == outcome(waiting=1)
    with served(HttpSink(OK, port=port)) as sink:
        assert told(outbox, target, now=START + 6) == outcome(delivered=1)
    assert len(sink.taken) == 1


def test_who_dies_before_saying_so_tells_again_under_the_same_id(outbox, posted, hook, monkeypatch):
    with served(HttpSink(OK)) as sink:
        target = hook(sink.url)
        posted(target)
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "told", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                told(outbox, target)
        assert told(outbox, target) == outcome(delivered=1)
    assert [each[1]["webhook-id"] for each in sink.taken] == ["alt_1", "alt_1"]


def test_after_days_it_is_a_dead_letter_which_a_person_may_have_told_again(outbox, posted, hook):
    with served(HttpSink(BROKEN)) as sink:
        target = hook(sink.url)
        posted(target)
        now, outcomes = START, []
        for pause in (*PAUSES, 0):
            outcomes.append(told(outbox, target, now=now))
            now += pause + 1
        assert outcomes == [outcome(waiting=1)] * len(PAUSES) + [outcome(dead=1)]
        assert told(outbox, target, now=now + 10**6) == outcome()
        letters = outbox.letters(5)
        assert (letters.waiting, letters.dead) == (0, (("alt_1", target.name, "status_500"),))
        assert outbox.again(permit(), now) == 1
        sink.answers = [OK]
        assert told(outbox, target, now=now) == outcome(delivered=1)


@pytest.mark.parametrize(
    ("answer", "count"),
    [((410, {}), outcome(dead=1)), ((404, {}), outcome(waiting=1)), ((302, "elsewhere"), outcome(waiting=1))],
    ids=["gone for good", "not found", "a redirect, which nobody follows"],
)
def test_other_answers(outbox, posted, hook, answer, count):
    with served(HttpSink(OK)) as elsewhere:
        status, headers = answer
        headers = {"location": elsewhere.url} if headers == "elsewhere" else headers
        with served(HttpSink((status, headers))) as sink:
            target = hook(sink.url)
            posted(target)
            assert told(outbox, target) == count
    assert elsewhere.taken == []


def test_a_target_that_fails_is_not_bothered_again_in_this_round_and_holds_up_no_other(outbox, posted, hook):
    with served(HttpSink(BROKEN)) as broken, served(HttpSink(OK)) as well:
        targets = hook(broken.url), hook(well.url)
        for number in range(3):
            posted(*targets, id=f"alt_{number}", time=NOW + timedelta(seconds=number))
        assert told(outbox, *targets, now=START + 3) == outcome(delivered=3, waiting=1)
    assert len(broken.taken) == 1


def test_a_target_that_is_no_more_is_told_nothing(outbox, posted, hook):
    posted(hook("http://127.0.0.1:1/"))
    assert told(outbox) == outcome(dead=1)
    assert outbox.letters(5).dead[0][2] == "target_gone"


def test_who_stops_leaves_the_rest(outbox, posted, hook):
    target = hook("http://127.0.0.1:1/")
    posted(target)
    assert dict(Deliverer(outbox, [target], clock=lambda: START).deliver(permit(), lambda: True)) == outcome()


@pytest.mark.parametrize("content", [None, b"no secret"], ids=["no file", "no secret in it"])
def test_a_secret_that_cannot_be_used(outbox, posted, tmp_path, content):
    if content:
        (tmp_path / "other").write_bytes(content)
    [target] = alert_targets(f"webhook=http://127.0.0.1:1/#{tmp_path / 'other'}")
    posted(target)
    assert told(outbox, target) == outcome(waiting=1)
    [(_, attempts)] = [(each.target, each.attempts) for each in outbox.waiting(START + 10)]
    assert attempts == 1


def test_slack_is_told_at_the_url_in_its_file(outbox, posted, tmp_path):
    with served(HttpSink(OK)) as sink:
        (tmp_path / "url").write_text(f"{sink.url}\n")
        [target] = alert_targets(f"slack={tmp_path / 'url'}")
        posted(target)
        assert told(outbox, target) == outcome(delivered=1)
    assert json.loads(sink.taken[0][2])["text"].startswith("CRITICAL: ")


@pytest.mark.parametrize(
    "text", [b"http://example.org/", b"\xff", b"nothing"], ids=["in the clear", "no text", "no URL"]
)
def test_a_slack_url_that_is_none(tmp_path, text):
    (tmp_path / "url").write_bytes(text)
    [target] = alert_targets(f"slack={tmp_path / 'url'}")
    with pytest.raises(SendError, match="secret_unusable"):
        send(target, alert(), START)


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Return a TLS context for 127.0.0.1 that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "cert.pem").write_bytes(pem + private)
    (tmp_path / "roots.pem").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem")
    return context


def mail_target(port, tmp_path, *, scheme="smtp", host="localhost", user=False):
    text = f"mail={scheme}://{host}:{port}/sec@example.org?from=omega@example.org"
    if user:
        (tmp_path / "password").write_text("hush\n")
        text += f"&user=omega#{tmp_path / 'password'}"
    [target] = alert_targets(text)
    return target


@pytest.mark.parametrize("way", ["in the clear on this machine", "STARTTLS", "TLS at once"])
def test_mail_is_sent(outbox, posted, tmp_path, certificate, way):
    tls = None if way.startswith("in") else certificate
    at_once = way == "TLS at once"
    with served(MailSink(tls=tls, at_once=at_once)) as sink:
        target = mail_target(sink.port, tmp_path, scheme="smtps" if at_once else "smtp", user=tls is not None)
        posted(target)
        assert told(outbox, target) == outcome(delivered=1)
    [(commands, message, secure)] = sink.taken
    assert secure == (tls is not None)
    assert b"Message-ID: <alt_1@example.org>" in message
    assert any(command.startswith("AUTH PLAIN") for command in commands) == (tls is not None)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"refuse": "451 later"}, "smtp_451"), ({"refuse_recipients": True}, "recipients_refused")],
    ids=["the message is refused", "nobody there has this address"],
)
def test_mail_that_is_refused(tmp_path, options, code):
    with served(MailSink(**options)) as sink, pytest.raises(SendError, match=code):
        send(mail_target(sink.port, tmp_path), alert(), START)


def test_nobody_is_sent_mail_under_a_certificate_that_is_not_theirs(tmp_path, certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with served(MailSink(tls=certificate)) as sink, pytest.raises(SendError, match="unreachable"):
        send(mail_target(sink.port, tmp_path), alert(), START)
    assert sink.taken == []


def test_mail_elsewhere_is_never_sent_in_the_clear(tmp_path, monkeypatch):
    with served(MailSink()) as sink:
        target = mail_target(sink.port, tmp_path, host="mail.example.org")
        connect = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda _, *more: connect(("127.0.0.1", sink.port), *more))
        with pytest.raises(SendError, match="unreachable"):
            send(target, alert(), START)
    assert sink.taken == []


def test_mail_to_somebody_else_goes_to_nobody_but_them(tmp_path):
    with served(MailSink()) as sink:
        send_mail(mail_target(sink.port, tmp_path), "ada@example.com", b"Subject: news\r\n\r\nnone\r\n")
    [(commands, message, _)] = sink.taken
    assert [each.lower() for each in commands if each.lower().startswith("rcpt")] == ["rcpt to:<ada@example.com>"]
    assert b"Subject: news" in message


def test_mail_needs_a_mail_server_and_its_password(tmp_path):
    webhook = alert_targets("webhook=https://alerts.example.org/omega#/etc/omega/secret")[0]
    with pytest.raises(SendError, match="no_mail"):
        send_mail(webhook, "ada@example.com", b"")
    with served(MailSink()) as sink:
        target = mail_target(sink.port, tmp_path, user=True)
        (tmp_path / "password").write_bytes(b"\xff")
        with pytest.raises(SendError, match="secret_unusable"):
            send_mail(target, "ada@example.com", b"")


def test_a_password_that_is_no_text(tmp_path):
    with served(MailSink()) as sink:
        target = mail_target(sink.port, tmp_path, user=True)
        (tmp_path / "password").write_bytes(b"\xff")
        with pytest.raises(SendError, match="secret_unusable"):
            send(target, alert(), START)


def test_what_everybody_was_told_is_forgotten_in_time(outbox, posted, hook):
    with served(HttpSink(OK)) as sink:
        target = hook(sink.url)
        posted(target)
        posted(target, id="alt_2", time=NOW + timedelta(days=1))
        told(outbox, target)
        assert outbox.forget(permit(), START + 10 * 86_400) == 1
    assert [each.alert.id for each in outbox.waiting(START + 2 * 86_400)] == ["alt_2"]
    assert threading.active_count() < 10
