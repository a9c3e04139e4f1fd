import hmac
import os

import pytest

from app.privacy.lookup import lookup_of


@pytest.mark.parametrize("size", [1, 32, 64, 65, 200])
def test_a_lookup_is_an_hmac_of_what_names_a_person(size):
    key = os.urandom(size)
    expected = hmac.digest(key, b"a\xff\0b\0" + "ü\0".encode(), "sha256").hex()
    assert [lookup_of(key, "a\0", "b", "ü\0") for _ in range(2)] == [expected, expected]
