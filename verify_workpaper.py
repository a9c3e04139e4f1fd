#!/usr/bin/env python3
"""Verify a workpaper offline: the log's word, every hash, every population, every proof, and each sample drawn again.

This is the auditor's own: Python 3.11, its standard library, and `verify_evidence.py` beside it. It shares no code with
the software that made the workpaper; both follow `docs/reports.md`.

    python3 verify_workpaper.py DIRECTORY --key FILE

DIRECTORY is the unpacked workpaper, FILE the log's verifier key: take it from anywhere but the workpaper. Exit code 0:
all holds. 1: something is wrong, and the first such thing is named. 2: the input is unusable. Whether what is reported
is what the log holds, `verify_evidence.py verify` and the same report made again say: a workpaper has of the log no
more than it names.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import verify_evidence
from verify_evidence import FindingError, MalformedError, Members, demand

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST, SIGNATURE, PROOF = "MANIFEST.sha256", "MANIFEST.note", "MANIFEST.tlog-proof"
LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)")
SIZES = {"year": 1, "quarter": 2, "month": 2, "week": 5, "day": 25, "hour": 40}
ON_OCCURRENCE = ((10, 10), (50, 8), (250, 15), (1000, 25))  # up to so many rows of what happens on an event, so many
MOST = 40
CHUNK = 1 << 20
EXPORT = "auditor_portal.export"


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def check_manifest(directory: Path) -> int:
    """Check that the manifest has every file, and the hash of each; return how many there are."""
    lines = (directory / MANIFEST).read_text("utf-8").splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    demand(all(found), "malformed-manifest", MANIFEST, "a line is no hash and name")
    wanted = {match[2]: match[1] for match in found if match}
    there = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    there -= {MANIFEST, SIGNATURE if (directory / SIGNATURE).exists() else PROOF}
    for name in sorted(wanted.keys() | {name for name in there if "__pycache__" not in name}):
        demand(name in wanted, "unexpected-file", name, "is not in the manifest")
        demand(name in there, "missing-file", name, "is in the manifest and not there")
        demand(hash_of(directory / name) == wanted[name], "wrong-file", name, "is not what the manifest names")
    return len(wanted)


def check_word(directory: Path, key: Any) -> None:
    """Check the log's word for the manifest: its signature, or the proof of a record that names it."""
    if (directory / SIGNATURE).exists() or not (directory / PROOF).exists():
        check_signature(directory, key)
    else:
        check_export(directory, key)


def check_export(directory: Path, key: Any) -> None:
    """Check that a record of the log permits the export of this manifest and this report."""
    proof = (directory / PROOF).read_bytes()
    demand(verify_evidence.verify_proof(proof, key)["ok"], "bad-proof", PROOF, "does not lead to a checkpoint")
    record = json.loads(verify_evidence.parse_proof(proof)[0]["record"])
    body = record["body"] if record["type"] == "decision" else {}
    allowed = body.get("action") == EXPORT and body["result"]["allow"] is True
    demand(allowed, "wrong-record", PROOF, "is of a record that permits no export")
    named: dict[str, object] = next((each for each in body["result"]["obligations"] if each["id"] == "workpaper"), {})
    for name, where in (("manifest", MANIFEST), ("report", "report.json")):
        demand(named.get(name) == hash_of(directory / where), "wrong-file", where, "is not what the record names")


def check_signature(directory: Path, key: Any) -> None:
    """Check that the log's key says that this manifest and this report belong together."""
    text, signatures = verify_evidence.parse_note((directory / SIGNATURE).read_bytes())
    verify_evidence.check_signature(text, signatures, key, SIGNATURE)
    said = json.loads(text)
    demand(said.get("type") == "workpaper", "malformed-note", SIGNATURE, "is no word about a workpaper")
    for name, where in (("manifest", MANIFEST), ("report", "report.json")):
        demand(said.get(name) == hash_of(directory / where), "wrong-file", where, "is not what was signed")


def rows(directory: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table."""
    with (directory / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def check_population(directory: Path, name: str, said: Members, control: Members, engagement: str) -> None:
    """Check count and hash of the population that a statement names, and draw its sample again."""
    digest, count, order = hashlib.sha256(), 0, list[Any]()
    stated, sample = said["population"], said["sample"]
    for row in rows(directory, name):
        digest.update(bytes.fromhex(row["leaf"]))
        count += 1
        if sample:
            order.append(place(row))
    same = count == stated["count"] and digest.hexdigest() == stated["sha256"]
    demand(same, "wrong-population", name, "is not what is stated")
    if sample:
        drawn = draw_again(sorted(order), engagement, control, stated["sha256"])
        demand(drawn == sample["positions"], "wrong-sample", name, "another sample comes of its seed")


def draw_again(order: list[Any], engagement: str, control: Members, population: str) -> list[str]:
    """Return the sample: one row of each of so many equal parts of the population in the order of time."""
    count, size = len(order), SIZES.get(control["frequency"])
    size = size or next((size for most, size in ON_OCCURRENCE if count <= most), MOST)
    if count <= size:
        return [row[-1] for row in order]
    seed = hashlib.sha256(f"{engagement}|{control['id']}|{population}".encode()).digest()
    drawn = []
    for part in range(size):
        first, behind = part * count // size, (part + 1) * count // size
        limit, attempt = 2**256 - 2**256 % (behind - first), 0
        while (number := draw_number(seed, part, attempt)) >= limit:
            attempt += 1
        drawn.append(order[first + number % (behind - first)][-1])
    return drawn


def draw_number(seed: bytes, part: int, attempt: int) -> int:
    """Return a number of 256 bits."""
    block = seed + part.to_bytes(8, "big") + attempt.to_bytes(8, "big")
    return int.from_bytes(hashlib.sha256(block).digest(), "big")


def check_work(directory: Path, report: Members, files_of: dict[str, str]) -> int:
    """Check the seed of each sample that the auditor had drawn, and draw it again where its population is here."""
    where = "auditor/samples.json"
    if not (directory / where).exists():
        return 0
    found = [each for each in json.loads((directory / where).read_bytes())["samples"] if each["kind"] == "drawn"]
    stated = {each["test"]: each["population"]["sha256"] for each in report["statements"]}
    controls = {each["id"]: each for each in report["controls"]}
    for each in found:
        population = each["population"]["sha256"]
        seed = hashlib.sha256(f"{report['engagement']}|{each['control']}|{population}".encode()).hexdigest()
        demand(each["seed"] == seed, "wrong-sample", where, "a seed is not that of its engagement and population")
        if stated.get(each["test"]) == population:
            drawn = draw_again(
                in_order(directory, files_of[each["test"]]), report["engagement"], controls[each["control"]], population
            )
            demand(drawn == each["positions"], "wrong-sample", where, "another sample comes of its seed")
    return len(found)


def in_order(directory: Path, name: str) -> list[Any]:
    """Return the rows of a population in the order of time, then of chain and number."""
    return sorted(place(row) for row in rows(directory, name))


def place(row: dict[str, str]) -> tuple[str, str, int, str]:
    """Return where a row stands in that order."""
    chain, _, seq = row["position"].rpartition("-")
    return row["time"], chain, int(seq), row["position"]


def check_proofs(directory: Path, key: Any) -> int:
    """Check every proof, and that each record is the one that is proved; return how many there are."""
    proofs = sorted((directory / "proofs").glob("*.tlog-proof"))
    for path in proofs:
        where = f"proofs/{path.name}"
        record = (directory / "records" / f"{path.name.removesuffix('.tlog-proof')}.json").read_bytes()
        proof = path.read_bytes()
        proved = verify_evidence.verify_proof(proof, key)
        demand(proved["ok"], "bad-proof", where, "does not lead to a checkpoint of the log")
        same = verify_evidence.parse_proof(proof)[0]["record"].encode() == record
        named = f"{proved['record']['id']}.tlog-proof" == path.name
        demand(same and named, "wrong-record", where, "is of another record")
    return len(proofs)


def verify(directory: Path, key: Any) -> dict[str, int]:
    """Check everything; return what was checked.

    Raises:
        FindingError: the first thing that does not hold.
    """
    files = check_manifest(directory)
    check_word(directory, key)
    report = json.loads((directory / "report.json").read_bytes())
    controls = {each["id"]: each for each in report["controls"]}
    files_of = {row["test"]: row["file"] for row in rows(directory, "index.csv") if row["what"] == "statement"}
    for each in report["statements"]:
        check_population(directory, files_of[each["test"]], each, controls[each["control"]], report["engagement"])
    found = {"files": files, "populations": len(report["statements"]), "proofs": check_proofs(directory, key)}
    drawn = check_work(directory, report, files_of)
    return found | ({"samples of the auditor": drawn} if drawn else {})


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description="Verify a workpaper offline.")
    parser.add_argument("directory", type=Path, help="the unpacked workpaper")
    parser.add_argument("--key", type=Path, required=True, help="the log's verifier key, from elsewhere")
    options = parser.parse_args(arguments)
    try:
        found = verify(options.directory, verify_evidence.parse_key(options.key.read_bytes()))
    except FindingError as error:
        sys.stderr.write(f"{error.args[0]}: {error.args[1]}: {error.args[2]}\n")
        return 1
    except (MalformedError, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"unusable: {error}\n")
        return 2
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in found.items()) + ": all hold\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
