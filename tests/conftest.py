"""What tests of several packages share: an S3 server, where one can be had."""

import os
import secrets
from dataclasses import replace

import pytest

from app.dev_s3 import NotInstalledError, running_s3
from evidence.stores.s3 import S3Store


@pytest.fixture(scope="session")
def s3_server():
    """A server with Object Lock, one for all tests: each new bucket would cost a quarter of a second."""
    try:
        with running_s3() as server:
            yield server
    except NotInstalledError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"S3 has to be tested here, and {error}")
        pytest.skip(f"S3 IS NOT TESTED: {error}")


@pytest.fixture
def s3_prefix():
    """A prefix that no other test uses. Locked objects cannot be cleaned up, and need not be."""
    return f"t{secrets.token_hex(8)}"


@pytest.fixture
def reopen_s3(s3_server, s3_prefix):
    """Opens the store of this test once more, as another process would; with other options if given."""
    return lambda **changes: S3Store(s3_server.bucket, s3_prefix, options=replace(s3_server.options, **changes))


@pytest.fixture
def s3_store(reopen_s3):
    return reopen_s3()
