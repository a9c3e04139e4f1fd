"""Looks through an artifact with yara-x, detect-secrets and bandit. Runs in `scanner_process` alone.

Each scanner that cannot look at something says so by a finding: what nobody looked at is never clean. Comments with
which a developer tells a scanner to look away have no effect.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yara_x

from app.features.marketplace.inspection.archive import File, walk
from app.features.marketplace.inspection.finding import Finding, FindingClass
from app.features.marketplace.inspection.observed import Observed

MOST: Final = 2_000
"""Findings of one artifact; beyond them nobody looks at single ones."""

_YARA_SECONDS: Final = 20
_TEXTS: Final = 2 << 20
_PICKLED: Final = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".npy")
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_COMPILED: Final = (".pyc", ".pyo", ".class", ".jar")
_SECRET_FILTERS: Final = (
    "detect_secrets.filters.heuristic.is_indirect_reference",
    "detect_secrets.filters.heuristic.is_likely_id_string",
    "detect_secrets.filters.heuristic.is_not_alphanumeric_string",
    "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign",
    "detect_secrets.filters.heuristic.is_sequential_string",
    "detect_secrets.filters.heuristic.is_templated_secret",
)
_GUESSING: Final = frozenset({"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"})
"""Plugins left out: every digest of a lock file looks like a secret to them."""

_LEVELS: Final = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high", "UNDEFINED": "unknown"}


def look(artifact: bytes, rules: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Return what is found in `artifact`, as JSON values: `findings`, `observed`, and `files`, how many were seen.

    Args:
        artifact: an archive that `archive.walk` opens.
        rules: sources for yara-x by their names.
        folder: empty; files are written there under numbers, for scanners that read files.
    """
    compiled, seen, files = _compiled(rules), Observed(), list(walk(artifact))
    found: list[Finding] = []
    for number, file in enumerate(files):
        found += _about_form(file)
        found += _matched(compiled, file)
        if not seen.take(file):
            found.append(_incomplete("python", "unreadable", file.path, "Python that cannot be parsed"))
        if len(file.data) <= _TEXTS:
            (folder / f"{number}{_ending(file.path)}").write_bytes(file.data)
        elif _ending(file.path):
            found.append(_incomplete("size", "large", file.path, "a text too large to look through"))
        if len(found) > MOST:
            break
    found += _told_apart(folder, [file.path for file in files]) if len(found) <= MOST else []
    if len(found) > MOST:
        found = [*found[:MOST], _incomplete("limit", "many", "", f"more than {MOST} findings")]
    return {"findings": [each.document() for each in found], "observed": seen.document(), "files": len(files)}


def _told_apart(folder: Path, paths: list[str]) -> list[Finding]:
    return [*_secrets(folder, paths), *_weaknesses(folder, paths)]


def _compiled(rules: Mapping[str, str]) -> yara_x.Rules:
    compiler = yara_x.Compiler()
    for name, source in sorted(rules.items()):
        compiler.add_source(source, name)
    return compiler.build()


def _matched(rules: yara_x.Rules, file: File) -> Iterator[Finding]:
    scanner = yara_x.Scanner(rules)
    scanner.set_timeout(_YARA_SECONDS)
    try:
        matching = scanner.scan(file.data).matching_rules
    except (yara_x.TimeoutError, yara_x.ScanError):
        yield _incomplete("yara", "timeout", file.path, "rules that took too long")
        return
    for rule in matching:
        notes = dict(rule.metadata)
        places = [match.offset for pattern in rule.patterns for match in pattern.matches]
        yield Finding(
            kind=FindingClass(notes["class"]),
            source="yara",
            rule=rule.identifier,
            severity=str(notes["severity"]),
            path=file.path,
            line=file.data.count(b"\n", 0, min(places)) + 1 if places else 0,
            title=str(notes["title"]),
        )


def _about_form(file: File) -> Iterator[Finding]:
    """Yield what is to be said of a file by what kind of file it is."""
    pickled = (
        file.data[:1] == b"\x80" and file.data[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"} and file.data.endswith(b".")
    )
    if pickled or file.path.lower().endswith(_PICKLED):
        yield Finding(
            kind=FindingClass.PICKLES,
            source="form",
            rule="pickle",
            severity="high",
            path=file.path,
            line=0,
            title="a pickle, which runs code when it is loaded",
        )
    elif file.data.startswith(_ARCHIVES):
        yield _incomplete("form", "archive", file.path, "an archive in the archive, which is not opened")
    elif file.path.lower().endswith(_COMPILED):
        yield _incomplete("form", "compiled", file.path, "a compiled program, which is not looked into")


def _secrets(folder: Path, paths: list[str]) -> Iterator[Finding]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415
    from detect_secrets.core.scan import scan_file  # noqa: PLC0415 - only where it is used
    from detect_secrets.settings import transient_settings  # noqa: PLC0415

    plugins: Mapping[str, type] = get_mapping_from_secret_type_to_class()
    names = sorted({each.__name__ for each in plugins.values()} - _GUESSING)
    wanted = {
        "plugins_used": [{"name": name} for name in names],
        "filters_used": [{"path": path} for path in _SECRET_FILTERS],
    }
    with transient_settings(wanted):
        for file in sorted(folder.iterdir()):
            for secret in scan_file(str(file)):
                yield Finding(
                    kind=FindingClass.SECRETS,
                    source="detect-secrets",
                    rule=secret.type,
                    severity="high",
                    path=paths[int(file.name.partition(".")[0])],
                    line=secret.line_number,
                    title="what looks like a secret",
                )


def _weaknesses(folder: Path, paths: list[str]) -> Iterator[Finding]:
    from bandit.core.config import BanditConfig  # noqa: PLC0415 - only where it is used
    from bandit.core.manager import BanditManager  # noqa: PLC0415

    scanner = BanditManager(BanditConfig(), "file", ignore_nosec=True)
    scanner.discover_files([str(each) for each in sorted(folder.glob("*.py"))])
    scanner.run_tests()
    for each in scanner.get_issue_list():
        yield Finding(
            kind=FindingClass.WEAKNESSES,
            source="bandit",
            rule=each.test_id,
            severity=_LEVELS.get(each.severity, "unknown"),
            path=_path(each.fname, paths),
            line=each.lineno,
            title=each.test.replace("_", " "),
        )
    for name, _why in scanner.skipped:
        yield _incomplete("bandit", "skipped", _path(name, paths), "Python that bandit cannot look into")


def _path(written: str, paths: list[str]) -> str:
    return paths[int(Path(written).name.partition(".")[0])]


def _ending(path: str) -> str:
    """Return the ending that a file is written under: that of texts which scanners read in their own way, or none."""
    name = path.rpartition("/")[2].lower()
    known: Iterable[str] = (
        ".py",
        ".pyw",
        ".ini",
        ".cfg",
        ".toml",
        ".yaml",
        ".yml",
        ".json",
        ".js",
        ".ts",
        ".sh",
        ".env",
    )
    ending = next((each for each in known if name.endswith(each)), "")
    return ".py" if ending == ".pyw" else ending


def _incomplete(source: str, rule: str, path: str, title: str) -> Finding:
    return Finding(
        kind=FindingClass.SCAN_INCOMPLETE,
        source=source,
        rule=rule,
        severity="unknown",
        path=path,
        line=0,
        title=title,
    )
