"""Real identity providers answer our requests, and what they answer is read."""

import base64
import time

import pytest

from app.audits.firms import Mfa
from auditor_portal.saml.authn_request import ask
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.keys import open_keys
from auditor_portal.saml.logout import LogoutAnswer, answer_logout, ask_logout, verify_logout
from auditor_portal.saml.mfa import Factor, second_factor
from auditor_portal.saml.relay_state import relay_key
from auditor_portal.saml.response import verify_response
from auditor_portal.saml.service_provider import ServiceProvider
from tests.auditor_portal import nano_provider, samlp_provider
from tests.auditor_portal.saml.second_provider import REFEDS, SecondProvider

pytestmark = pytest.mark.slow


@pytest.fixture
def ours(tmp_path):
    keys = open_keys(tmp_path / "keys", time.time())
    return ServiceProvider(portal="http://127.0.0.1:8430", firm="acme", keys=keys)


def test_nanoidp_signs_people_in_and_its_word_tells_a_second_factor_from_none(tmp_path, ours):
    rule = Mfa(accepted_classes=(nano_provider.BY_CODE,), max_age_minutes=10)
    with nano_provider.running(tmp_path / "nano", ours.keys.current.certificate_pem) as nano:
        shown = {}
        for person in (nano_provider.PASSWORD_ONLY, nano_provider.WITH_CODE):
            key = relay_key()
            asked = ask(
                nano.provider,
                ours,
                classes=rule.accepted_classes,
                fresh=True,
                relay_state=key,
                now=time.time(),
            )
            form = nano.answer(asked.url, person)
            assert form["RelayState"] == key
            told = {"provider": nano.provider, "ours": ours, "now": time.time()}
            found = verify_response(form["SAMLResponse"], request_id=asked.id, **told)
            shown[found.name_id] = second_factor(found, rule, time.time())
            with pytest.raises(SamlError) as refused:
                verify_response(form["SAMLResponse"], request_id="_another", **told)
            assert refused.value.code is SamlCode.UNSOLICITED
    by_password, by_code = (
        shown[nano_provider.name_id(each)] for each in (nano_provider.PASSWORD_ONLY, nano_provider.WITH_CODE)
    )
    assert (by_password.factor, by_password.mfa_class) == (Factor.NONE, nano_provider.BY_PASSWORD)
    assert (by_code.factor, by_code.mfa_class) == (Factor.SHOWN, nano_provider.BY_CODE)


def test_samlp_encrypts_what_it_asserts(tmp_path, ours):
    with samlp_provider.running(tmp_path / "samlp", ours) as provider:
        for also in ("", "&signed=response"):
            asked = ask(provider, ours, classes=(), fresh=False, relay_state=relay_key(), now=time.time())
            form = samlp_provider.answer(asked.url + also)
            assert b"EncryptedAssertion" in base64.b64decode(form["SAMLResponse"])
            told = {"provider": provider, "ours": ours, "now": time.time()}
            found = verify_response(form["SAMLResponse"], request_id=asked.id, **told)
            assert (found.name_id, found.authn_class) == ("m.factor", "https://refeds.org/profile/mfa")


def test_pysaml2_knows_us_by_our_metadata_signs_people_in_and_out_and_says_what_it_cannot(tmp_path, ours):
    second = SecondProvider(tmp_path / "second", ours)
    told = {"provider": second.provider, "ours": ours, "now": time.time()}
    said = {"fresh": True, "relay_state": relay_key(), "now": time.time()}
    asked = ask(second.provider, ours, classes=(REFEDS,), **said)
    found = verify_response(second.sign_in(asked.url), request_id=asked.id, **told)
    assert second_factor(found, Mfa(accepted_classes=(REFEDS,)), time.time()).factor is Factor.SHOWN
    with pytest.raises(SamlError) as refused:
        verify_response(second.sign_in(asked.url, has=nano_provider.BY_PASSWORD), request_id=asked.id, **told)
    assert refused.value.code is SamlCode.NO_SUCH_CLASS

    whom = {"name_id": found.name_id, "name_id_format": found.name_id_format, "session_index": found.session_index}
    leaving = ask_logout(second.provider, ours, **whom, relay_state=said["relay_state"], now=time.time())
    query, about = second.log_out(leaving.url, ours.slo_url)
    left = LogoutAnswer(in_response_to=leaving.id, complete=True, relay_state=said["relay_state"])
    assert (verify_logout(query, **told), about) == (left, found.name_id)

    query, name = second.order_log_out(ours, found)
    order = verify_logout(query, **told)
    assert (order.id, order.name_id, order.session_indexes) == (name, found.name_id, (found.session_index,))
    assert second.logged_out(answer_logout(second.provider, ours, order, now=time.time())) == name
