"""Which payment provider there is, settings say; without its secrets nothing starts, and no secret is quoted."""

import pytest

from app.features.marketplace.billing.manual_payments import ManualPayments
from app.features.marketplace.billing.provider import open_provider
from app.features.marketplace.billing.stripe_payments import StripePayments
from app.settings import Settings, SettingsError


def opened(tmp_path, **more):
    named = {"OMEGA_DATA": str(tmp_path), "OMEGA_PAYMENTS": "stripe"}
    return open_provider(Settings.from_environment(named | more))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "key").write_text("sk_test_of_nobody\n")
    (tmp_path / "signing").write_text("whsec_of_nobody\n")
    return {
        "OMEGA_STRIPE_KEY_FILE": str(tmp_path / "key"),
        "OMEGA_STRIPE_WEBHOOK_SECRET_FILE": str(tmp_path / "signing"),
    }


def test_without_a_provider_payments_are_made_outside(tmp_path):
    found = opened(tmp_path, OMEGA_PAYMENTS="none")
    assert isinstance(found.payments, ManualPayments)
    assert (found.name, found.webhook_secret) == ("none", "")


def test_stripe_is_opened_with_its_files(tmp_path, files):
    found = opened(tmp_path, OMEGA_STRIPE_URL="http://127.0.0.1:9", **files)
    assert isinstance(found.payments, StripePayments)
    assert (found.name, found.webhook_secret) == ("stripe", "whsec_of_nobody")
    assert "of_nobody" not in repr(found)


@pytest.mark.parametrize("name", ["OMEGA_STRIPE_KEY_FILE", "OMEGA_STRIPE_WEBHOOK_SECRET_FILE"])
@pytest.mark.parametrize("content", [None, b"", b"a\nb", b"\xff", b"a" * 4_097])
def test_a_secret_that_cannot_be_used_is_named_and_not_quoted(tmp_path, files, name, content):
    wrong = tmp_path / "wrong"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(SettingsError, match=name):
        opened(tmp_path, **(files | {name: str(wrong)}))


def test_a_secret_has_a_place(tmp_path):
    with pytest.raises(SettingsError, match="OMEGA_STRIPE_KEY_FILE"):
        opened(tmp_path)


@pytest.mark.parametrize("wrong", [{"OMEGA_PAYMENTS": "cash"}, {"OMEGA_STRIPE_URL": "http://example.org"}])
def test_settings_have_their_form(tmp_path, wrong):
    with pytest.raises(SettingsError):
        opened(tmp_path, **wrong)
