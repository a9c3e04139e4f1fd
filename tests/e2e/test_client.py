"""The Python client asks the real service, as docs/decision-api.md shows it."""

import asyncio
import re

import pytest

from omega_client import AsyncClient, DeniedError, Durability, RefusedError
from tests.pdp.evaluating import ROOT

pytestmark = pytest.mark.slow


def documented(service, directory):
    """Return what the page's program defines, its files and the address of the service being those of a test."""
    page = (ROOT / "docs" / "decision-api.md").read_text("utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    (program,) = [each for each in programs if "import Client" in each]
    (directory / "marketplace.token").write_text(service.token() + "\n")
    program = program.replace('"marketplace.token"', repr(str(directory / "marketplace.token")))
    program = program.replace('"log.vkey"', repr(str(service.settings.keys / "log.vkey")))
    defined = {}
    exec(program.replace("http://127.0.0.1:8420", service.url), defined)  # noqa: S102 - our own page
    return defined


def test_the_program_of_the_page_runs(serving, tmp_path):
    service = serving()
    page = documented(service, tmp_path)
    decision_id = page["purchase"]("invoice-reader", "buy-91c2")
    bearer = f"Bearer {service.token()}"
    found = service.get(f"/v1/decisions/{decision_id}", Authorization=bearer)["record"]["body"]
    assert (found["action"], found["result"]["allow"]) == ("marketplace.purchase", True)
    page["client"].close()

    async def asked():
        subject, resource, facts = page["about"]("invoice-reader", "buy-91c2")
        async with AsyncClient(service.url, service.token(), understands={"step-up"}) as client:
            locked = await client.enforce(
                subject, "marketplace.purchase", resource, facts, durability=Durability.LOCKED
            )
            assert locked.evidence.durability is Durability.LOCKED
            with pytest.raises(DeniedError):
                await client.enforce(subject, "marketplace.purchase", resource, facts | {"licence_accepted": False})
        async with AsyncClient(service.url, "wrong") as client:
            with pytest.raises(RefusedError):
                await client.evaluate(subject, "marketplace.purchase", resource)

    asyncio.run(asked())
    assert service.stop() == 0
