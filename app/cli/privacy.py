"""`omega privacy`: scan files for personal data, print the record of processing."""

import argparse
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Final

from app.cli import privacy_record
from app.cli.output import UNUSABLE, CommandError, counted, note, print_json, printable, progress
from app.privacy.detection import recogniser_file
from app.privacy.detection.detector import Detector, Lanes
from app.privacy.detection.errors import DetectionError
from app.privacy.detection.hints import HINTS
from app.privacy.detection.recogniser_file import Detection
from app.privacy.detection.scanning import MOST_BYTES, Looked, Scan, files_in
from app.settings import Settings

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)  # as BCP 47 has them


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("privacy", help="personal data: find them, say what is processed").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _add_scan(group)
    privacy_record.add_to(group)


def _add_scan(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    scan = group.add_parser(
        "scan",
        help="say where personal data stand in files, and never what they are",
        description=f"Looks through texts, JSON, JSON lines, tables and logs of up to {MOST_BYTES // 2**20} MiB each.",
        epilog="exit codes: 0 nothing found; 1 something found; 2 unusable, or nothing found but not all looked at",
    )
    scan.add_argument("path", type=Path, metavar="PATH", help="a file, or a folder with all below it")
    scan.add_argument("--json", action="store_true", help="print JSON")
    scan.add_argument("--names", action="store_true", help="look for names of persons and places too, which is slow")
    scan.add_argument(
        "--language", default="en", metavar="TAG", type=_language, help="of the texts (default: %(default)s)"
    )
    scan.add_argument("--recognisers", type=Path, metavar="FILE", help="what to look for beside (docs/privacy.md)")
    scan.set_defaults(run=run_scan)


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise argparse.ArgumentTypeError("it is the tag of a language, such as en, de or pt-BR")
    return text


def run_scan(options: argparse.Namespace, settings: Settings) -> int:
    """Look through files."""
    if not options.path.exists():
        raise CommandError(f"there is no `{printable(str(options.path))}`")
    try:
        own = recogniser_file.load(options.recognisers or settings.detection)
        scan = Scan(
            detector=_detector(own, names=options.names), language=options.language, hints={**HINTS, **own.hints}
        )
        paths = list(files_in(options.path))
    except (DetectionError, OSError) as error:
        raise CommandError(str(error)) from error
    looked = []
    with progress("scanning") as tell:
        for done, path in enumerate(paths, 1):
            looked.append(scan.look(path))
            tell(done, len(paths))
    return _say(looked, as_json=options.json)


def _detector(own: Detection, *, names: bool) -> Detector:
    from app.privacy.detection import names as name_lane  # noqa: PLC0415 - seconds that only a scan needs
    from app.privacy.detection import patterns  # noqa: PLC0415

    lane = patterns.load(own.recognisers, phone_regions=own.phone_regions)
    return Lanes((lane, name_lane.load(own.languages or name_lane.MODELS))) if names else lane


def _say(looked: list[Looked], *, as_json: bool) -> int:
    """Print where something stands, and return the exit code."""
    counts = Counter(place.kind for each in looked for place in each.places)
    skipped = [each for each in looked if each.skipped]
    if as_json:
        print_json(
            {
                "findings": [{"file": str(each.path), **asdict(place)} for each in looked for place in each.places],
                "counts": dict(sorted(counts.items())),
                "files": len(looked) - len(skipped),
                "skipped": [{"file": str(each.path), "why": each.skipped} for each in skipped],
            }
        )
    else:
        for each in looked:
            for place in each.places:
                print(f"{printable(str(each.path))}:{place.line}:{place.column}  {place.kind}  {place.score:.2f}")
        for each in skipped:
            note(f"omega: {printable(str(each.path))}: {each.skipped}, not looked at")
        kinds = "".join(f"; {kind} {count}" for kind, count in sorted(counts.items()))
        print(f"{counted(counts.total(), 'finding')} in {counted(len(looked) - len(skipped), 'file')}{kinds}")
    if counts:
        return 1
    return UNUSABLE if any(each.skipped != "binary" for each in skipped) else 0
