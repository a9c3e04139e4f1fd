"""The workpaper: a report in every format, its populations, the records of deviations and samples with their proofs.

One zip, whose bytes follow from log, controls and question. `MANIFEST.sha256` has the hash of every other member. The
log's word for it is `MANIFEST.note`, signed by its key, or, where that key is out of reach, `MANIFEST.tlog-proof`: the
proof of a record of the log that names these hashes. Whoever has the log's verifier key from elsewhere needs nothing
but Python to check it: the verifiers lie in it.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from app.csv_table import Table
from app.reporting.archive import Archive, entry
from app.reporting.errors import ReportError
from app.reporting.html_page import html_page
from app.reporting.oscal_files import oscal_files
from app.reporting.pdf import pdf
from app.reporting.report import Report
from app.reporting.sealed_store import SealedStore
from app.reporting.spill import Spill
from app.reporting.tables import tables
from evidence import canonical, note
from evidence.keys import SigningKey
from evidence.proof import Proof
from evidence.record import stamp

MANIFEST: Final = "MANIFEST.sha256"
SIGNATURE: Final = "MANIFEST.note"
PROOF: Final = "MANIFEST.tlog-proof"
WORK: Final = "auditor/"
"""Below which an auditor's own work lies, apart from everything that is stated by the log."""

VERIFIERS: Final = ("verify_evidence.py", "verify_workpaper.py")
"""Files of the project that an auditor is handed."""

_PROJECT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an auditor did himself: files by their names, and the positions of records that he looked at."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    positions: tuple[str, ...] = ()


def workpaper(  # noqa: PLR0913, PLR0917 - what a workpaper is made of
    file: IO[bytes], report: Report, spill: Spill, store: SealedStore, key: SigningKey | None, work: Work | None = None
) -> str:
    """Write the workpaper, and return the SHA-256 of its manifest, in hex.

    Args:
        file: where to; it is written from its beginning to its end.
        report: what it is about.
        spill: its populations, all of them written.
        store: the log's, for records and proofs.
        key: signs the manifest; without it, `prove` has to be called once a record names the manifest.
        work: the auditor's own.

    Raises:
        ReportError: a file of the project is not there.
        EvidenceError: the log does not hold, or the store does not answer.
    """
    with Archive(file) as archive:
        archive.add("report.json", report.data)
        archive.add("report.pdf", pdf(report))
        archive.add("report.html", html_page(report).encode())
        for table in tables(report):
            archive.add(f"tables/{table.name}.csv", table.csv().encode())
        for name, data in oscal_files(report):
            archive.add(f"oscal/{name}", data)
        for name in sorted({spill.names[test] for test in report.statements}):
            archive.add_file(f"populations/{name}", spill.directory / name)
        _evidence(archive, report, store, work.positions if work else ())
        archive.add("index.csv", _index(report, spill, frozenset(archive.hashes)).csv().encode())
        for name, data in sorted(work.files.items()) if work else ():
            archive.add(f"{WORK}{name}", data)
        for name in VERIFIERS:
            archive.add(name, _shipped(name))
        archive.add("log.vkey", f"{store.key}\n".encode())
        archive.add("README.txt", (_README + (_README_WORK.format(report.mark) if work else "")).encode())
        archive.add(MANIFEST, archive.manifest())
        digest = archive.hashes[MANIFEST]
        if key is not None:
            archive.add(SIGNATURE, note.sign(statement(report, digest, key), key))
    return digest


def prove(path: Path, proof: Proof) -> None:
    """Add to a workpaper that nobody signed the proof of the record that names its manifest."""
    with zipfile.ZipFile(path, "a") as found:
        found.writestr(entry(PROOF), proof.format())


def statement(report: Report, manifest: str, key: SigningKey) -> str:
    """Return what the log's key says of a workpaper: a line of canonical JSON, unlike any that stands in the log."""
    said = {"v": 1, "log": key.origin, "type": "workpaper", "manifest": manifest, "report": report.sha256}
    return canonical.encode(said).decode() + "\n"


def _evidence(archive: Archive, report: Report, store: SealedStore, more: tuple[str, ...]) -> None:
    """Add each record that a deviation, a sample or an auditor names, as it stands in the log, and its proof."""
    if report.log.checkpoint is None:
        return
    for proof in store.proofs([*_named(report), *more]):
        where = f"{proof.seal.chain}-{stamp(proof.record)[0]}"
        archive.add(f"records/{where}.json", proof.record)
        archive.add(f"proofs/{where}.tlog-proof", proof.format())


def _named(report: Report) -> Iterator[str]:
    for each in report.statements.values():
        yield from (deviation.position for deviation in each.result.deviations if deviation.position)
        if each.sample is not None:
            yield from each.sample.positions


def _index(report: Report, spill: Spill, there: frozenset[str]) -> Table:
    """Return what lies where: a row for each statement, and under it one for each record."""
    rows: list[tuple[str, ...]] = []
    for name, each in report.statements.items():
        rows.append((name, "statement", each.result.outcome.value, f"populations/{spill.names[name]}", ""))
        named = [("deviation", one.position) for one in each.result.deviations if one.position]
        named += [("sample", one) for one in (each.sample.positions if each.sample else ())]
        for kind, position in named:
            files = (f"records/{position}.json", f"proofs/{position}.tlog-proof")
            rows.append((name, kind, position, *(where if where in there else "" for where in files)))
    head = ("test", "what", "outcome or position", "file", "proof")
    return Table(name="index", head=head, rows=tuple(rows), foot=report.mark)


def _shipped(name: str) -> bytes:
    try:
        return (_PROJECT / name).read_bytes()
    except OSError as error:
        raise ReportError(f"`{name}` of this project cannot be read: {error.strerror}") from error


_README: Final = """\
A workpaper: what tests of controls showed in a period, and the evidence.

index.csv         what lies where: statements, deviations, samples
report.pdf        for people; report.html is the same as a page, tables/ as CSV
report.json       the same for machines; its SHA-256 is the report's hash
oscal/            the same as documents of OSCAL
populations/      every record that a test is about, with its leaf hash
records/, proofs/ the records of deviations and samples as they stand in the log, and proofs that they do
log.vkey          the log's verifier key: compare it with the one that you were given by other means

To check all of it, with Python 3.11 or newer and nothing else:

    python3 verify_workpaper.py . --key log.vkey

That checks the signature, every hash, every population and every proof, and draws each sample again.
"""

_README_WORK: Final = """
auditor/          what the auditor did: runs, samples with their seeds, items, notes, conclusions. This is the auditor's
                  own work, and no statement of the entity or of the log
MANIFEST.tlog-proof  the proof of the record of the log that names this manifest: the log's word for it

{}.
"""
