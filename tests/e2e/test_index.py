"""The index beside a whole service: what was decided is found moments later, on either kind of database."""

import asyncio
import json
import time

import pytest

from tests.e2e.load import Load
from tests.e2e.service import Role

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def settings(database_url):
    """Return what has the service use the database of this test; the usual files are what it has anyway."""
    return {} if database_url.startswith("sqlite") else {"OMEGA_DATABASE": database_url}


async def loaded(service, count):
    async with Load(service.url, service.token()) as load:
        await load.more(count)
    return load.answers


def found(service):
    """Return the ids of all decisions that are in the index."""
    ids, after = [], []
    while True:
        listed = service.omega("decision", "list", "--limit", 200, "--json", *after)
        if listed.returncode == 2:  # not there yet
            return set()
        page = json.loads(listed.stdout)
        ids += [entry["id"] for entry in page["decisions"]]
        if page["after"] is None:
            assert len(ids) == len(set(ids))
            return set(ids)
        after = ["--after", page["after"]]


def test_whatever_was_decided_is_found(serving, settings, tmp_path):
    service = serving(**settings)
    answers = asyncio.run(loaded(service, 250))
    for _ in range(2):
        while {answer.decision_id for answer in answers} - found(service):
            time.sleep(0.05)  # nothing tells a test
        service.kill(*service.processes()[Role.INDEXER])
        answers += asyncio.run(loaded(service, 50))
    assert service.stop() == 0
    verified = service.omega("evidence", "verify", "--index")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "the index says what the log says" in verified.stdout
    assert sorted(path.name for path in tmp_path.glob("node/*.db")) == (
        [] if settings else ["index.db", "portal.db", "product.db", "subject_keys.db"]
    )
    assert service.omega("evidence", "reindex").returncode == 0
    assert found(service) == {answer.decision_id for answer in answers}
