"""What tests of several packages share: an S3 server, a PostgreSQL server, a key management service."""

import os
import secrets
from dataclasses import replace

import boto3
import pytest

from app.dev_s3 import NotInstalledError, running_s3
from evidence.stores.s3 import S3Store
from tests import postgresql as server
from tests.kms import running_kms


@pytest.fixture(scope="session", autouse=True)
def shared_admissions(tmp_path_factory):
    """Have the services of this run share what they admitted (tests/e2e/service.py): to admit takes its time."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "admitted"
    shared.mkdir(exist_ok=True)
    os.environ["OMEGA_TESTS_ADMITTED"] = str(shared)
    yield
    del os.environ["OMEGA_TESTS_ADMITTED"]


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


@pytest.fixture(scope="session")
def postgresql():
    """A server, one for all tests."""
    try:
        with server.running_postgresql() as running:
            yield running
    except server.NotInstalledError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"PostgreSQL has to be tested here, and {error}")
        pytest.skip(f"POSTGRESQL IS NOT TESTED: {error}")


@pytest.fixture
def postgresql_url(postgresql):
    """The URL of a database that no other test uses."""
    return postgresql.create_database()


@pytest.fixture(scope="session")
def aws_session():
    """What boto3 knows of AWS, read once: it takes a third of a second."""
    return boto3.session.Session()


@pytest.fixture
def kms(monkeypatch, aws_session):
    """A key management service without keys, which this process is sent to."""
    monkeypatch.setattr("app.kek_kms.boto3.session.Session", lambda: aws_session)
    with running_kms() as kms:
        for name, value in kms.environment.items():
            monkeypatch.setenv(name, value)
        yield kms


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of a file that no other test uses."""
    return f"sqlite:///{tmp_path / 'some.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request):
    """The URL of an empty database: a test that uses it runs on each kind there is."""
    return request.getfixturevalue(f"{request.param}_url")
