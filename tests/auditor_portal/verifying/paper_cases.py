"""Workpapers as a browser is given them: a good one, tampered ones, and what verify_workpaper.py says of each."""

import hashlib
import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout

import verify_workpaper
from app.reporting.workpaper import PROOF, Work, prove
from app.reporting.workpaper import workpaper as report_workpaper
from evidence import canonical, note
from evidence.reader import Reader
from tests.auditor_portal.verifying.log_cases import encoded
from tests.evidence.sealing import KEY
from tests.reporting.reported_logs import bodies, recorded, reported, unpacked
from tests.reporting.test_auditors_copy import MARK, WORDS, drawn, said_of
from tests.reporting.test_auditors_copy import TAMPERED as WORK_TAMPERED
from tests.reporting.test_workpaper import BEHIND, KEY_LINE, TAMPERED

SIGNED = ("MANIFEST.sha256", "MANIFEST.note")


def workpaper(directory):
    """Return the bytes of a workpaper with deviations and samples."""
    return reported(
        recorded(directory / "node", bodies(90, failing={5, 40})), directory / "spill", sampled=True
    ).workpaper()


def files_of(directory):
    names = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in names}


def sign_again(directory):
    """Make manifest and signature anew, as whoever holds the key could."""
    hashes = {
        name: hashlib.sha256(data).hexdigest() for name, data in files_of(directory).items() if name not in SIGNED
    }
    manifest = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items())).encode()
    said = {"v": 1, "log": KEY.origin, "type": "workpaper", "report": hashes["report.json"]}
    said["manifest"] = hashlib.sha256(manifest).hexdigest()
    (directory / SIGNED[0]).write_bytes(manifest)
    (directory / SIGNED[1]).write_bytes(note.sign(canonical.encode(said).decode() + "\n", KEY))


def _signed(change):
    def changed(directory):
        change(directory)
        sign_again(directory)

    return changed


def _report(change):
    def changed(directory):
        report = json.loads((directory / "report.json").read_bytes())
        change(report)
        (directory / "report.json").write_bytes(json.dumps(report).encode())
        sign_again(directory)

    return changed


def _with_sample(report):
    return next(each for each in report["statements"] if each["sample"])


def _other_kind(directory):
    (directory / "MANIFEST.note").write_bytes(note.sign('{"type":"seal"}\n', KEY))


REPORTS = {
    "another count": lambda report: report["statements"][0]["population"].update(count=89),
    "a sample of fewer": lambda report: _with_sample(report)["sample"]["positions"].pop(),
    "a sample of more": lambda report: _with_sample(report)["sample"]["positions"].append("x-1"),
    "another engagement": lambda report: report.update(engagement="E-2"),
    "another frequency": lambda report: report["controls"][0].update(frequency="hour"),
    "no sample stated": lambda report: _with_sample(report).update(sample=None),
    "no statements": lambda report: report.update(statements=[]),
    "a statement of another control": lambda report: report["statements"][0].update(control="nobody"),
}
CHANGES = {
    "nothing": lambda _: None,
    "a cache of Python": lambda paper: (
        (paper / "__pycache__").mkdir() or (paper / "__pycache__/a.pyc").write_bytes(b"x")
    ),
    "the word about something else": _other_kind,
    "no manifest": lambda paper: (paper / SIGNED[0]).unlink(),
    "no word": lambda paper: (paper / SIGNED[1]).unlink(),
    "a manifest of Windows": lambda paper: (paper / SIGNED[0]).write_bytes(
        (paper / SIGNED[0]).read_bytes().replace(b"\n", b"\r\n")
    ),
    "a record that is missing beside its proof": _signed(lambda paper: next((paper / "records").iterdir()).unlink()),
    "a proof that is missing": _signed(lambda paper: next((paper / "proofs").iterdir()).unlink()),
    "two records swapped": _signed(lambda paper: _swap(*sorted((paper / "records").iterdir())[:2])),
    "two proofs swapped": _signed(lambda paper: _swap(*sorted((paper / "proofs").iterdir())[:2])),
    "a table without its population": _signed(lambda paper: (paper / "populations/glass.broken.csv").unlink()),
}
CHANGES |= {name: change for name, (change, _) in TAMPERED.items()}
CHANGES |= {
    f"signed again: {name}": _signed(change)
    for name, (change, _) in (BEHIND | TAMPERED).items()
    if "proofs" not in name
}
CHANGES |= {f"signed again: {name}": _report(change) for name, change in REPORTS.items()}


def _swap(one, other):
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _flipped(name):
    def change(directory):
        data = bytearray((directory / name).read_bytes())
        data[len(data) // 2] ^= 1
        (directory / name).write_bytes(bytes(data))

    return change


def portal_workpaper(directory):
    """Return a workpaper of the portal, unpacked, and proofs of records that vouch for something else."""
    node = recorded(directory / "portal-node", bodies(90, failing={5}))
    found = reported(node, directory / "portal-spill", watermark=MARK)
    sample, paper = drawn(found), directory / "portal.zip"
    files = {"samples.json": json.dumps({"samples": [sample, {"kind": "picked"}]}).encode(), "notes.csv": b"a note\r\n"}
    with paper.open("wb") as file:
        work = Work(files=files, positions=(sample["positions"][0],))
        manifest = report_workpaper(file, found.report, found.spill, found.store, None, work)
    said = {"": said_of(manifest, found)} | {f"a record of {name}": make(found) for name, (make, _) in WORDS.items()}
    said["a record without a result"] = {"action": "auditor_portal.export", "result": {"allow": True}}
    places = node.write(*said.values())
    node.step(flush=True)
    reader = Reader(node.store, KEY.verifier)
    proofs = dict(zip(said, map(reader.prove, places), strict=True))
    prove(paper, proofs.pop(""))
    return unpacked(paper.read_bytes(), directory / "portal"), {name: proof.format() for name, proof in proofs.items()}


def _put(name, data):
    return lambda paper: (paper / name).write_bytes(data)


def _named_by_nobody(change):
    """Change the auditor's samples, sign again by the log's key, and leave the proof out."""

    def changed(paper):
        sample = json.loads((paper / "auditor/samples.json").read_bytes())["samples"][0] | change
        (paper / "auditor/samples.json").write_text(json.dumps({"samples": [sample]}))
        (paper / PROOF).unlink()
        sign_again(paper)

    return changed


PORTAL = {
    "a copy of the portal": lambda _: None,
    "a copy without the log's word": lambda paper: (paper / PROOF).unlink(),
    "a copy with both words": sign_again,
    "another seed": _named_by_nobody({"seed": "00" * 32}),
    "another sample of the auditor": _named_by_nobody({"positions": []}),
    "a sample of another control": _named_by_nobody({"control": "nobody"}),
    "a sample of another population": _named_by_nobody({"population": {"sha256": "ab" * 32}}),
    "a sample of another test": _named_by_nobody({"test": "nobody/nothing"}),
    "no more than a sample": _named_by_nobody({}),
}
PORTAL |= {name: change for name, (change, _) in WORK_TAMPERED.items()}


def verdict(directory, key):
    """Return what verify_workpaper.py says: ok, unusable, or code and place."""
    said = io.StringIO()
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        code = verify_workpaper.main([str(directory), "--key", str(key)])
    if code == 1:
        return said.getvalue().split(": ", 2)[:2]
    return "ok" if code == 0 else "unusable"


def _tried(good, changes, key):
    """Return the files of a good workpaper, and for each way to tamper its name, what it changes, and the verdict."""
    whole, here, found = files_of(good), good.with_name("here"), []
    one_of_each = {name.partition("/")[0]: name for name in sorted(whole)}.values()  # each file, and one of each folder
    for name, change in (changes | {f"a bit of {name}": _flipped(name) for name in one_of_each}).items():
        shutil.copytree(good, here)
        change(here)
        left = files_of(here)
        changed = {each: left.get(each) for each in whole.keys() | left.keys() if left.get(each) != whole.get(each)}
        found.append((name, {each: encoded(data) for each, data in changed.items()}, verdict(here, key)))
        shutil.rmtree(here)
    return {name: encoded(data) for name, data in whole.items()}, found


def cases(directory):
    """Return both kinds of workpaper, each with its cases: one that a key signed, one that a record vouches for."""
    key = directory / "log.vkey"
    key.write_text(KEY_LINE)
    signed = _tried(unpacked(workpaper(directory), directory / "good"), CHANGES, key)
    good, proofs = portal_workpaper(directory)
    changes = PORTAL | {name: _put(PROOF, proof) for name, proof in proofs.items()}
    return signed, _tried(good, changes, key)
