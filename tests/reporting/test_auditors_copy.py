"""A report made for an auditor: the watermark is everywhere, his work lies apart, and the log vouches for it."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import pytest

import verify_workpaper
from app.reporting.formats import Format
from app.reporting.watermark import Watermark
from app.reporting.workpaper import Work, prove, workpaper
from evidence.reader import Reader
from frameworks import sampling
from tests.evidence.sealing import KEY
from tests.frameworks.rows import decision
from tests.reporting.made_reports import report
from tests.reporting.pdf_tools import ran
from tests.reporting.reported_logs import bodies, recorded, reported, unpacked
from tests.reporting.test_formats import written

MARK = Watermark(
    firm="northgate",
    engagement="E-1",
    auditor="northgate/ada",
    date="2026-11-22",
    decision="019aa00000000000beef-7",
)
LINE = "Made for northgate/ada of northgate, engagement E-1, 2026-11-22, by decision 019aa00000000000beef-7"
MARKED = replace(report(), watermark=MARK)


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.ZIP])
def test_the_same_copy_has_the_same_bytes_and_another_auditors_has_others(form):
    other = replace(MARKED, watermark=replace(MARK, auditor="northgate/bo"))
    assert written(form, MARKED) == written(form, MARKED) != written(form, other)
    assert written(form, MARKED) != written(form, report())


def test_the_watermark_is_part_of_the_hash_and_without_it_the_report_is_anybodys():
    document = dict(MARKED.document)
    assert MARKED.sha256 != report().sha256
    assert document.pop("watermark") == MARK.document()
    assert document == report().document


def test_every_file_of_every_format_names_whose_copy_it_is():
    assert LINE in written(Format.HTML, MARKED).decode()
    for form in (Format.CSV, Format.OSCAL):
        with zipfile.ZipFile(io.BytesIO(written(form, MARKED))) as found:
            assert all(LINE in found.read(name).decode() for name in found.namelist())


@pytest.mark.slow
def test_every_page_of_the_pdf_names_it(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(written(Format.PDF, MARKED))
    pages = ran("pdftotext", "-layout", path, "-").split("\f")[:-1]
    assert all("Made for northgate/ada of northgate" in page for page in pages)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("node"), bodies(90, failing={5}))


def drawn(found, test="access-review/reviewed"):
    """The sample of a test as the auditor's work has it."""
    population = found.report.statements[test].result.population
    asked = {"engagement": "E-1", "control": "access-review", "population_sha256": population.sha256}
    rows = [tuple(line.split(",")[:2]) for line in found.spill.path(test).read_text().splitlines()[1:]]
    return {
        "kind": "drawn",
        "control": "access-review",
        "test": test,
        "population": {"sha256": population.sha256},
        "seed": sampling.seed(**asked).hex(),
        "positions": sampling.draw(rows, size=15, **asked),
    }


def not_named(found, sample, test="access-review/reviewed"):
    """A record of the sample that the report itself does not name: the one that only the auditor's work brings."""
    named = {each.position for each in found.report.statements[test].result.deviations}
    return next(each for each in sample["positions"] if each not in named)


def said_of(manifest, found, *, action="auditor_portal.export", result=None):
    """The record of the export, as a body."""
    body = decision(action, "ada")
    named = {"id": "workpaper", "type": "record", "manifest": manifest, "report": found.report.sha256}
    return body | {"result": body["result"] | {"allow": True, "obligations": [named]} | (result or {})}


@pytest.fixture(scope="module")
def copy(node, tmp_path_factory):
    """A workpaper with work in it, before the log vouched for it: its path, its manifest, and the report."""
    directory = tmp_path_factory.mktemp("copy")
    found = reported(node, directory / "spill", watermark=MARK)
    sample = drawn(found)
    files = {"samples.json": json.dumps({"samples": [sample]}).encode(), "notes.csv": b"a note\r\n"}
    path = directory / "paper.zip"
    with path.open("wb") as file:
        manifest = workpaper(
            file, found.report, found.spill, found.store, None, Work(files=files, positions=(not_named(found, sample),))
        )
    return path, manifest, found


def vouched(node, copy, tmp_path, body):
    """The copy with the proof of a record, unpacked; and the log's key."""
    source, _, _ = copy
    path = tmp_path / "paper.zip"
    path.write_bytes(source.read_bytes())
    [position] = node.write(body)
    node.step(flush=True)
    prove(path, Reader(node.store, KEY.verifier).prove(position))
    (tmp_path / "log.vkey").write_text(f"{KEY.verifier}\n")
    return unpacked(path.read_bytes(), tmp_path / "paper"), tmp_path / "log.vkey"


@pytest.fixture
def verified(node, copy, tmp_path, capsys):
    """Returns what the verifier says of the copy with a record of this body in its log, once it was changed."""

    def run(body, change=lambda _paper: None):
        paper, key = vouched(node, copy, tmp_path, body)
        change(paper)
        return said_by_verifier(paper, key, capsys)

    return run


def said_by_verifier(paper, key, capsys):
    code = verify_workpaper.main([str(paper), "--key", str(key)])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_a_record_of_the_log_vouches_for_a_copy(copy, verified, tmp_path):
    code, said = verified(said_of(copy[1], copy[2]))
    assert (code, said.partition(", ")[2]) == (0, "5 populations, 2 proofs, 1 samples of the auditor: all hold\n")
    readme = (tmp_path / "paper/README.txt").read_text()
    assert "the auditor's\n                  own work" in readme
    assert LINE in readme


TAMPERED = {
    "an auditor's file changed": (
        lambda paper: (paper / "auditor/notes.csv").write_bytes(b"another\r\n"),
        "wrong-file: auditor/notes.csv: is not what the manifest names\n",
    ),
    "an auditor's file dropped": (
        lambda paper: (paper / "auditor/notes.csv").unlink(),
        "missing-file: auditor/notes.csv: is in the manifest and not there\n",
    ),
    "an auditor's file added": (
        lambda paper: (paper / "auditor/more.csv").write_bytes(b""),
        "unexpected-file: auditor/more.csv: is not in the manifest\n",
    ),
}


@pytest.mark.parametrize(("change", "said"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_of_the_auditors_work_is_found(copy, verified, change, said):
    assert verified(said_of(copy[1], copy[2]), change) == (1, said)


WORDS = {
    "another manifest": (lambda found: said_of("ab" * 32, found), "wrong-file: MANIFEST.sha256"),
    "an export that was denied": (
        lambda found: said_of("ab" * 32, found, result={"allow": False}),
        "wrong-record: MANIFEST.tlog-proof",
    ),
    "another action": (lambda found: said_of("ab" * 32, found, action="auditor_portal.view"), "wrong-record"),
    "an export that names nothing": (
        lambda found: said_of("ab" * 32, found, result={"obligations": []}),
        "wrong-file: MANIFEST.sha256",
    ),
}


@pytest.mark.parametrize(("body", "said"), WORDS.values(), ids=WORDS)
def test_a_record_of_something_else_vouches_for_nothing(copy, verified, body, said):
    found = verified(body(copy[2]))
    assert (found[0], found[1].startswith(said)) == (1, True)


@pytest.mark.parametrize("change", [{"seed": "00" * 32}, {"positions": []}])
def test_a_sample_of_the_auditor_that_its_seed_does_not_give_is_found(copy, tmp_path, change):
    paper = unpacked(copy[0].read_bytes(), tmp_path / "paper")
    found = json.loads((paper / "auditor/samples.json").read_bytes())["samples"][0] | change
    (paper / "auditor/samples.json").write_text(json.dumps({"samples": [found]}))
    said = json.loads((paper / "report.json").read_bytes())
    files = {"access-review/reviewed": "populations/access-review.reviewed.csv"}
    with pytest.raises(verify_workpaper.FindingError) as caught:
        verify_workpaper.check_work(paper, said, files)
    assert caught.value.args[:2] == ("wrong-sample", "auditor/samples.json")


def test_a_copy_without_any_word_of_the_log_is_unusable(copy, tmp_path, capsys):
    paper = unpacked(copy[0].read_bytes(), tmp_path / "paper")
    assert said_by_verifier(paper, paper / "log.vkey", capsys)[0] == 2
    assert hashlib.sha256((paper / "MANIFEST.sha256").read_bytes()).hexdigest() == copy[1]
