"""What the documents promise to be complete about: settings, codes, policies, files, decisions, links, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import errors
from app.pdp.bundle import load
from app.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

# Of each call that makes a code, the place of the code among its arguments.
DIAGNOSTICS = {"EvaluationError": 0, "_denied": 0, "_end": 0, "Diagnostic": "code"}
REFUSALS = {"MalformedRequestError": 0, "_RuleError": 0}
FINDINGS = {"FindingError": 0, "read": 2, "parsed": 3}


def text(name):
    return (ROOT / name).read_text("utf-8")


def tracked():
    """Every file that is under version control, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def codes(path, calls) -> Iterator[str]:
    """Every code that the calls in a module are given as a literal."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        place = calls.get(getattr(node.func, "id", getattr(node.func, "attr", "")))
        if isinstance(place, int):
            given = node.args[place : place + 1]
        else:
            given = [each.value for each in node.keywords if each.arg == place]
        yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


def diagnostics():
    found = {code for path in (ROOT / "app/pdp").glob("*.py") for code in codes(path, DIAGNOSTICS)}
    return found | set(re.findall(r'"(fact_[a-z_]+)"', text("app/pdp/contract.py")))


def refusals():
    return {code for path in (ROOT / "app").rglob("*.py") for code in codes(path, REFUSALS)}


def findings():
    modules = ["verify", "inventory", "chain_walk", "segment_check", "anchor_check", "key_history"]
    return {code for name in modules for code in codes(ROOT / f"evidence/{name}.py", FINDINGS)}


def table_rows(page):
    """The first column of every table of a page."""
    return {found for line in page.splitlines() for found in re.findall(r"^\| `([^`]+)` \|", line)}


def section(page, heading):
    """What stands between a heading and the next one of its rank, or of a higher one but the title's."""
    rank = len(heading.partition(" ")[0])
    return re.split(rf"^#{{2,{rank}}} ", page.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def declared():
    """The modules in which settings are declared."""
    return text("app/settings.py") + text("app/portal_settings.py")


def test_every_setting_has_a_row():
    settings = set(re.findall(r'"(OMEGA_[A-Z_]+)"', declared()))
    assert len(settings) > 10
    assert settings == {row for row in table_rows(text("docs/operating.md")) if row.startswith("OMEGA_")}


def test_every_default_stands_in_its_row():
    page = text("docs/operating.md")
    numbers = re.findall(r'read\.number\("(OMEGA_[A-Z_]+)", ([0-9_]+)', declared())
    assert numbers
    for name, default in numbers:
        assert f"| `{name}` | `{int(default)}` |" in page


def test_every_problem_has_a_row_with_its_status_and_no_other_has():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9]{3}) \|", text("docs/decision-api.md"), re.MULTILINE)
    assert rows
    assert sorted(rows) == sorted((code, str(errors.problem(code).status)) for code in errors.CODES)


def test_every_diagnostic_has_a_row_and_no_other_has():
    assert len(diagnostics()) > 10
    assert table_rows(section(text("docs/decision-api.md"), "### Diagnostics")) == diagnostics()


def test_every_refusal_of_bytes_has_a_row_and_no_other_has():
    assert len(refusals()) > 5
    assert table_rows(section(text("docs/decision-api.md"), "## Problems")) - errors.CODES == refusals()


def test_every_finding_of_the_verifier_is_named():
    page = text("docs/evidence-format.md")
    assert len(findings()) > 25
    assert {code for code in findings() if f"`{code}`" not in page} == set()


def test_every_action_and_gate_has_its_row():
    page = text("docs/policies.md")
    bundle = load(ROOT / "policies", "test")
    assert bundle.actions
    for action in bundle.actions.values():
        rows = table_rows(section(page, f"### {action.name}"))
        assert rows == set(action.rules), action.name


def layout():
    block = section(text("docs/architecture.md"), "## Layout").split("```")[1]
    return [line.split()[0] for line in block.splitlines() if line]


def test_every_path_of_the_architecture_exists():
    quoted = re.findall(r"`((?:app|evidence|docs|tests|policies)/[A-Za-z0-9_./-]*)`", text("docs/architecture.md"))
    assert [path for path in (*layout(), *quoted) if not (ROOT / path).exists()] == []


def test_every_module_is_in_the_layout_once():
    modules = [name for name in tracked() if re.fullmatch(r"(app|auditor_portal|evidence|omega_client)/.*\.py", name)]
    listed = [path for path in layout() if re.fullmatch(r"(app|auditor_portal|evidence|omega_client)/.*\.py", path)]
    assert sorted(listed) == modules


def test_decisions_are_numbered_without_gaps_and_have_a_status():
    paths = sorted(DOCS.glob("adr/*.md"))
    assert [path.name[:5] for path in paths] == [f"{number:04}-" for number in range(1, len(paths) + 1)]
    for path in paths:
        title, _, status, *_ = path.read_text("utf-8").splitlines()
        assert title.startswith(f"# {path.name[:4]} ")
        assert status.startswith("Status: ")


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    without_code = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [name for name in tracked() if name.endswith(".md")])
def test_links_lead_somewhere(name):
    for link in re.findall(r"\]\(([^)\s]+)\)", text(name)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def test_no_text_names_a_place_on_somebodys_machine_or_promises_too_much():
    words = re.compile("|".join(["tamper-?" + "proof", *(f"/{place}/[a-z]" for place in ("home", "Users", "root"))]))
    machine = re.compile("(?<![A-Za-z0-9_.*-])/" + "(?:work|tmp)" + "/[a-z]")
    breaches = []
    for name in tracked():
        for number, line in enumerate((ROOT / name).read_bytes().decode(errors="replace").splitlines(), 1):
            if words.search(line) or machine.search(line):
                breaches.append(f"{name}:{number}: {line.strip()[:80]}")
    assert breaches == []


def test_every_metric_has_a_row_with_its_kind_and_labels_and_no_other_has():
    page = section(text("docs/operating.md"), "## Metrics")
    rows = dict(re.findall(r"^\| `(omega_[a-z_]+)` \| ([^|]+) \|", page, re.MULTILINE))
    assert rows.keys() == {metric.name for metric in METRICS}
    for metric in METRICS:
        kind, _, labels = re.sub(r" \([^)]*\)", "", rows[metric.name]).partition("; ")
        assert (kind, tuple(re.findall(r"`([a-z_]+)`", labels))) == (metric.kind, metric.labels), metric.name


def test_what_is_to_be_watched_is_there():
    page = section(text("docs/sizing.md"), "## What to watch")
    names = {metric.name for metric in METRICS}
    asked = set(re.findall(r"omega_[a-z_]+", page))
    assert len(asked) > 15
    assert {name.removesuffix("_bucket") for name in asked} <= names
