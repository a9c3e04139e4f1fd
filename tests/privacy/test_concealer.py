import asyncio

import pytest

from app.pdp.errors import UnrecordedError
from app.privacy.concealer import KeyStoreConcealer
from app.privacy.errors import KeyStoreError


class Keys:
    """A key store that knows one person, and fails for the others."""

    async def key(self, tenant, kind, identifier):
        if identifier != "alice":
            raise KeyStoreError("the database is gone")
        return tenant, kind, identifier


def person(identifier):
    return asyncio.run(KeyStoreConcealer(Keys()).person("default", "user", identifier))


def test_a_person_is_whom_the_key_store_knows():
    assert person("alice") == ("default", "user", "alice")


def test_without_the_key_there_is_no_record_and_the_reason_names_nobody():
    with pytest.raises(UnrecordedError) as raised:
        person("bob")
    assert "bob" not in str(raised.value)
