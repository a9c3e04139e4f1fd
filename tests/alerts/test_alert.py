"""What alerts say to each kind of target, and who can have said it."""

import base64
import email
import email.policy
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alert_targets import alert_targets
from app.alerts.alert import (
    MAX_BODY,
    Alert,
    AlertSeverity,
    SecretError,
    mail_message,
    parse_secret,
    slack_body,
    webhook_body,
    webhook_headers,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def alert(**changes):
    usual = {
        "id": "alt_1",
        "kind": "policy.drift_found",
        "severity": AlertSeverity.CRITICAL,
        "summary": "1 policy is not from Git",
        "time": NOW,
        "decision_id": "aa-1",
        "detail": {"findings": 1},
    }
    return Alert(**usual | changes)


def test_a_webhook_says_what_and_when():
    assert json.loads(webhook_body(alert())) == {
        "type": "policy.drift_found",
        "timestamp": "2026-11-22T14:00:00Z",
        "data": {
            "id": "alt_1",
            "severity": "critical",
            "summary": "1 policy is not from Git",
            "decision_id": "aa-1",
            "detail": {"findings": 1},
        },
    }


def test_a_webhook_is_signed_as_the_standard_has_it():
    secret = b"s" * 24
    headers = webhook_headers("alt_1", b"{}", secret, 1_795_356_000.9)
    signature = base64.b64encode(hmac.new(secret, b"alt_1.1795356000.{}", hashlib.sha256).digest()).decode()
    assert headers == {
        "webhook-id": "alt_1",
        "webhook-timestamp": "1795356000",
        "webhook-signature": f"v1,{signature}",
    }


def test_too_much_detail_is_left_out():
    body = webhook_body(alert(detail={"much": "x" * MAX_BODY}))
    assert json.loads(body)["data"]["detail"] == {"left_out": True}
    assert len(body) < MAX_BODY


def test_slack_shows_text_as_it_is():
    body = json.loads(slack_body(alert(summary="<!channel> & all")))
    assert body["text"] == "CRITICAL: &lt;!channel&gt; &amp; all"
    assert [block["type"] for block in body["blocks"]] == ["section", "section"]
    assert "*decision*\naa-1" in [each["text"] for each in body["blocks"][1]["fields"]]


def test_a_mail_has_one_id_and_no_line_of_others():
    [target] = alert_targets("mail=smtp://127.0.0.1/a@example.org,b@example.org?from=omega@example.org")
    parsed = email.message_from_bytes(
        mail_message(alert(summary="odd\r\nBcc: c@example.org"), target.mail), policy=email.policy.default
    )
    assert parsed["Message-ID"] == "<alt_1@example.org>"
    assert parsed["To"] == "a@example.org, b@example.org"
    assert parsed["Bcc"] is None
    assert parsed["Subject"] == "[omega] critical: odd Bcc: c@example.org"
    assert "decision: aa-1" in parsed.get_content()


def test_a_secret_is_read():
    assert parse_secret(b"whsec_" + base64.b64encode(b"k" * 24) + b"\n") == b"k" * 24


@pytest.mark.parametrize(
    "data",
    [b"", b"whsec_", b"whsec_" + base64.b64encode(b"k" * 23), base64.b64encode(b"k" * 24), b"whsec_!!", b"\xff"],
    ids=["empty", "nothing behind", "too short", "no prefix", "no base64", "no ASCII"],
)
def test_what_is_no_secret(data):
    with pytest.raises(SecretError):
        parse_secret(data)


@given(st.binary(max_size=64))
def test_no_file_leaks_another_error(data):
    with suppress(SecretError):
        parse_secret(data)


def test_targets_are_read():
    web, slack, mail, other = alert_targets(
        "webhook=https://soc.example.org/h?x=1#/s/one slack=/s/two"
        " mail=smtps://mail.example.org/a@example.org?from=o@example.org&user=omega#/s/three"
        " mail=smtp://mail.example.org:2525/a@example.org?from=o@example.org"
    )
    assert (web.form, web.url, str(web.secret)) == ("webhook", "https://soc.example.org/h?x=1", "/s/one")
    assert web.name.startswith("webhook soc.example.org ")
    assert "x=1" not in web.name
    assert (slack.form, slack.name, slack.url) == ("slack", "slack two", "")
    assert (mail.mail.host, mail.mail.port, mail.mail.tls, mail.mail.user) == ("mail.example.org", 465, True, "omega")
    assert (other.mail.port, other.mail.tls, other.mail.recipients) == (2525, False, ("a@example.org",))


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example.org/",
        "webhook=https://a.example.org/",
        "webhook=http://a.example.org/#/s",
        "webhook=ftp://a.example.org/#/s",
        "webhook=https://a.example.org/#relative",
        "slack=relative",
        "slack=/s#/t",
        "slack=/s/x slack=/t/x",
        "mail=smtp://host/nobody?from=a@example.org",
        "mail=smtp://host/a@example.org",
        "mail=smtp://host:x/a@example.org?from=a@example.org",
        "mail=http://host/a@example.org?from=a@example.org",
        "mail=smtp://host/a@example.org?from=a@example.org&more=1",
        "mail=smtp://host/a@example.org?from=a@example.org&user=u",
        "mail=smtp://host/a@example.org?from=a@example.org#/s",
        "mail=smtp://u:p@host/a@example.org?from=a@example.org",
        "pager=/s",
    ],
)
def test_what_is_no_target(text):
    with pytest.raises(ValueError, match=r"."):
        alert_targets(text)


@given(st.text(max_size=80))
def test_no_list_leaks_another_error(text):
    with suppress(ValueError):
        alert_targets(text)
