"""`omega frameworks controls`, `control`, `coverage`, `gaps`, `applicability`: what is done, and what is not."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from app.cli.collected import collected
from app.cli.output import CommandError, print_json, print_rows
from app.settings import Settings
from frameworks import applicability, checks, mapping
from frameworks.applicability import Line
from frameworks.catalog import Catalog
from frameworks.collection import Collection
from frameworks.control import Control
from frameworks.control_test import ControlTest, Kind
from frameworks.coverage import Counts, Coverage, coverage

_UNKNOWN: Final = "not known"


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `omega frameworks`."""
    listing = group.add_parser("controls", help="say which controls there are, and how they are tested")
    showing = group.add_parser("control", help="print one control: its criteria, its rules, its tests")
    showing.add_argument("control", help="its id, such as access-review")
    covering = group.add_parser("coverage", help="say how much of each framework controls meet")
    gaps = group.add_parser("gaps", help="list what applies and no control meets; exit code 1 if there is something")
    applying = group.add_parser("applicability", help="print the statement of applicability of a framework")
    runs = (
        (listing, run_controls),
        (showing, run_control),
        (covering, run_coverage),
        (gaps, run_gaps),
        (applying, run_applicability),
    )
    for command, run in runs:
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
    for command in (listing, covering, gaps, applying):
        command.add_argument("--framework", metavar="ID", required=command is applying, help="this framework alone")


def run_controls(options: argparse.Namespace, settings: Settings) -> int:
    """Print every control, or those that serve one framework."""
    read = collected(settings)
    frameworks = _chosen(options, read.catalogs)
    found = [each for each in read.controls.values() if any(each.items(name) for name in frameworks)]
    if options.json:
        print_json([_document(each) for each in found])
        return 0
    rows = [(each.id, each.frequency, each.owner, ", ".join(each.kinds), each.title) for each in found]
    print_rows([("id", "acts each", "owner", "tested by", "title"), *rows])
    return 0


def run_control(options: argparse.Namespace, settings: Settings) -> int:
    """Print one control."""
    read = collected(settings)
    chosen = read.controls.get(options.control)
    if chosen is None:
        raise CommandError(f"no control `{options.control}`; `omega frameworks controls` lists them")
    related = _related(read, chosen)
    if options.json:
        print_json(_document(chosen) | {"related": related})
        return 0
    print(f"{chosen.title}\nowner {chosen.owner} · severity {chosen.severity} · acts each {chosen.frequency}\n")
    rows = [(each, read.catalogs[framework].items[item].summary) for each, framework, item in _named(chosen)]
    print_rows([("criterion", "what it is about"), *rows])
    if chosen.rules:
        print("\nrules: " + ", ".join(chosen.rules))
    print()
    tests = [(each.id, each.kind, each.every, f"{each.stale_after} days", each.title) for each in chosen.tests]
    print_rows([("test", "kind", "each", "stale after", "title"), *tests])
    for test in chosen.tests:
        print(f"\n{test.id}\n  " + "\n  ".join(_lines(test)))
    if related:
        print()
        pairs = [(each["criterion"], each["relation"], each["other"], each["rationale"]) for each in related]
        print_rows([("criterion", "is to", "this one", "why"), *pairs])
    return 0


def run_coverage(options: argparse.Namespace, settings: Settings) -> int:
    """Print three numbers for each framework, or for each group of one."""
    found = _coverage(options, settings)
    if options.json:
        print_json([_coverage_document(each) for each in found])
        return 0
    head = ("items", "covered", "machine-tested", "fresh evidence", "title")
    if options.framework:
        [one] = found
        rows = [(name, *_numbers(each), one.catalog.groups[name]) for name, each in one.groups.items()]
        print_rows([("group", *head), *rows, ("all", *_numbers(one.total), one.catalog.title)])
    else:
        rows = [(each.catalog.id, *_numbers(each.total), each.catalog.title) for each in found]
        print_rows([("framework", *head), *rows])
    return 0


def run_gaps(options: argparse.Namespace, settings: Settings) -> int:
    """List what applies and no control meets: exit code 1 if there is something."""
    gaps = [(each.catalog.id, item.id, item.summary) for each in _coverage(options, settings) for item in each.gaps]
    if options.json:
        print_json([dict(zip(("framework", "item", "summary"), each, strict=True)) for each in gaps])
    elif gaps:
        print_rows([("framework", "item", "what it is about"), *gaps])
    else:
        print("no gap")
    return 1 if gaps else 0


def run_applicability(options: argparse.Namespace, settings: Settings) -> int:
    """Print the statement of applicability of one framework."""
    read = collected(settings)
    [name] = _chosen(options, read.catalogs)
    lines = applicability.statement(read.catalogs[name], read.controls.values(), read.organisation)
    if options.json:
        stated = [_line_document(each) for each in lines]
        print_json({"framework": name, "organisation": read.organisation.name or None, "items": stated})
        return 0
    rows = [
        (each.item.id, "yes" if each.applicable else "no", each.justification, ", ".join(each.controls) or "-")
        for each in lines
    ]
    print_rows([("item", "applies", "justification", "controls"), *rows])
    return 0


def _coverage(options: argparse.Namespace, settings: Settings) -> list[Coverage]:
    read = collected(settings)
    return [
        coverage(read.catalogs[name], read.controls.values(), organisation=read.organisation)
        for name in _chosen(options, read.catalogs)
    ]


def _chosen(options: argparse.Namespace, catalogs: Mapping[str, Catalog]) -> list[str]:
    if options.framework is None:
        return list(catalogs)
    if options.framework not in catalogs:
        raise CommandError(f"no framework `{options.framework}`; there are {', '.join(catalogs)}")
    return [options.framework]


def _named(one: Control) -> list[tuple[str, str, str]]:
    return [(each, framework, item) for each in one.criteria for framework, _, item in [each.partition("/")]]


def _related(read: Collection, one: Control) -> list[dict[str, str]]:
    """Return how the criteria of a control relate to others, from its side."""
    crosswalks = read.crosswalks.values()
    return [asdict(each) for criterion in one.criteria for each in mapping.related(crosswalks, criterion)]


def _document(one: Control) -> dict[str, Any]:
    names = ("id", "title", "owner", "severity", "frequency")
    lists = {"criteria": list(one.criteria), "rules": list(one.rules)}
    return (
        {name: getattr(one, name) for name in names} | lists | {"tests": [_test_document(each) for each in one.tests]}
    )


def _test_document(test: ControlTest) -> dict[str, Any]:
    names = ("id", "kind", "title", "every", "stale_after", "role", "second_role", "statement", "instruction")
    said = {name: value for name in (*names, "remediation") if (value := getattr(test, name)) is not None}
    if test.population and test.check:
        said |= {"population": test.population.query, "check": checks.text(test.check)}
    return said


def _lines(test: ControlTest) -> list[str]:
    match test.kind:
        case Kind.MACHINE:
            said = _test_document(test)
            lines = [f"over   {said['population']}", f"check  {said['check']}"]
            return [*lines, f"remedy {test.remediation}"] if test.remediation else lines
        case Kind.ATTESTATION:
            second = f", countersigned by {test.second_role}" if test.second_role else ""
            return [f"states {test.statement}", f"by     {test.role}{second}"]
        case Kind.INSPECTION:
            return [f"does   {test.instruction}"]


def _numbers(counts: Counts) -> tuple[str, str, str, str]:
    fresh = _UNKNOWN if counts.fresh is None else _share(counts.fresh, counts.items)
    return str(counts.items), _share(counts.covered, counts.items), _share(counts.machine, counts.items), fresh


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part // whole} %)" if whole else "0"


def _coverage_document(one: Coverage) -> dict[str, Any]:
    return {
        "framework": one.catalog.id,
        **_counts_document(one.total),
        "excluded": one.excluded,
        "groups": {name: _counts_document(each) for name, each in one.groups.items()},
        "gaps": [each.id for each in one.gaps],
    }


def _counts_document(counts: Counts) -> dict[str, Any]:
    return {"items": counts.items, "covered": counts.covered, "machine": counts.machine, "fresh": counts.fresh}


def _line_document(line: Line) -> dict[str, Any]:
    return {
        "item": line.item.id,
        "summary": line.item.summary,
        "applicable": line.applicable,
        "justification": line.justification,
        "controls": list(line.controls),
    }
