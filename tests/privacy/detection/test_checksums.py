import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.detection import checksums


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        pytest.param("card", "4111 1111 1111 1111 12", "4111 1111 1111 1112", id="card, and what follows it"),
        pytest.param("iban", "GB82 WEST 1234 5698 7654 32 AND", "GB82 WEST 1234 5698 7654 33", id="IBAN"),
        pytest.param("luhn", "79927398713", "79927398710", id="Luhn"),
        pytest.param("ean13", "756.9217.0769.85", "756.9217.0769.86", id="Swiss"),
        pytest.param("fr_nir", "255081416802538", "255081416802539", id="French"),
        pytest.param("nl_bsn", "111222333", "111222334", id="Dutch"),
        pytest.param("br_cpf", "11144477735", "11144477734", id="Brazilian"),
        pytest.param("pt_nif", "123456789", "123456788", id="Portuguese"),
        pytest.param("ie_pps", "1234567T", "1234567A", id="Irish"),
        pytest.param("be_national", "85073003328", "85073003329", id="Belgian"),
        pytest.param("ssn", "536-90-4399", "666-90-4399", id="social security"),
        pytest.param("calendar_date", "29.02.2000", "30.02.2000", id="a day"),
        pytest.param("calendar_date", "3/14/85", "14/14/85", id="a day with a short year"),
        pytest.param("ip_of_somebody", "10.1.2.3", "127.0.0.1", id="address"),
        pytest.param("mail", "a@b.example", "a@b.png", id="mail"),
        pytest.param("mac", "00:1b:44:11:3a:b7", "00:00:00:00:00:00", id="device"),
        pytest.param("credential", "abc123", "abcdef", id="credential"),
    ],
)
def test_check_digits_tell(check, right, wrong):
    assert checksums.CHECKS[check](right) > 0
    assert checksums.CHECKS[check](wrong) == 0


def test_what_follows_an_identifier_is_not_part_of_it():
    assert checksums.card("4111 1111 1111 1111 12") == len("4111 1111 1111 1111")
    assert checksums.iban("GB82 WEST 1234 5698 7654 32 AND") == len("GB82 WEST 1234 5698 7654 32")
    assert checksums.iban("XX82 WEST") == 0
    assert checksums.fr_nir("190000000000000") == 0


@given(st.text(st.sampled_from("0123456789XZab.-/:@ \u0660") | st.characters(), max_size=40))
def test_no_check_raises(text):
    assert all(0 <= check(text) <= len(text) for check in checksums.CHECKS.values())


def test_numbers_beyond_all_dates_are_none():
    assert checksums.CHECKS["calendar_date"](f"2000-{'9' * 30}-1") == 0
    assert checksums.CHECKS["calendar_date"]("9" * 5000 + "-1-1") == 0
