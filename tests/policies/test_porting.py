"""The files of docs/porting.md, written out as a bundle: admitted, and decided as the page says."""

import asyncio
import json
import re
import textwrap
from pathlib import Path

import pytest

import app
from app.pdp.admission import admit
from app.pdp.bundle import load
from app.pdp.decide import decide
from app.pdp.model import Environment
from app.pdp.policy_test import run_tests
from app.pdp.request import document, parse_request
from tests.pdp.shop import evaluating, written

ROOT = Path(app.__file__).parents[1]
PAGE = (ROOT / "docs" / "porting.md").read_text("utf-8")
FILE = re.compile(r"^ +`(policies/[^`]+)`:\n\n +```\w+\n(.*?)^ +```", re.MULTILINE | re.DOTALL)
FILES = FILE.findall(PAGE)
CALLERS = re.compile(r"callers\.json` add\n\n +```json\n(.*?)\n +```", re.DOTALL)
BODIES = re.compile(r"-d '(\{.*?\})'$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ported(tmp_path_factory):
    """Return the bundle that whoever follows the page has in the end, without the shipped actions."""
    files = {name.removeprefix("policies/"): textwrap.dedent(text) for name, text in FILES}
    opa, cerbos = map(json.loads, CALLERS.findall(PAGE))
    lib = [f"rego/lib/{name}.rego" for name in ("gates", "override", "clock", "persons")]
    shipped = {name: (ROOT / "policies" / name).read_text("utf-8") for name in lib}
    callers = {"data/callers.json": json.dumps(opa | cerbos)}
    return load(written(tmp_path_factory.mktemp("ported"), files | shipped | callers), "r1")


def decided(bundle, request, caller):
    environment = Environment(time="2026-11-22T14:00:00Z", tenant="default", caller=caller)
    found = asyncio.run(decide(bundle, evaluating(bundle), document(request, environment)))
    return found.decision.allow, [each.code for each in found.decision.diagnostics]


def test_what_the_page_has_one_write_is_admitted_and_its_tests_pass(ported):
    assert len(FILES) == 10
    admit(ported)
    results = run_tests(ported).results
    assert len(results) >= 12
    assert [each.name for each in results if not each.passed] == []


def test_questions_of_the_page_are_allowed(ported):
    to_opa, by_authzen = map(json.loads, BODIES.findall(PAGE))
    entrypoint = ported.actions["httpapi.authz"].entrypoint
    assert decided(ported, entrypoint.request(to_opa["input"]), "payroll") == (True, [])
    theirs = to_opa["input"] | {"user": "carol"}
    assert decided(ported, entrypoint.request(theirs), "payroll") == (False, [])
    assert decided(ported, parse_request(json.dumps(by_authzen).encode()), "photos") == (True, [])
    assert decided(ported, parse_request(json.dumps(by_authzen).encode()), "payroll")[1] == ["caller_not_registered"]
