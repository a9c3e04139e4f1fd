"""`omega frameworks`: list, show; what is about controls is in `framework_controls`."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.cli import control_tests, framework_controls
from app.cli.collected import collected
from app.cli.output import CommandError, print_json, print_rows
from app.settings import Settings
from frameworks.catalog import Catalog, Item


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    whole = commands.add_parser("frameworks", help="what laws and standards ask for, item by item")
    group = whole.add_subparsers(required=True, metavar="COMMAND")
    listing = group.add_parser("list", help="say which frameworks there are")
    showing = group.add_parser("show", help="print the items of one framework")
    showing.add_argument("framework", help="its id, such as soc2")
    for command, run in ((listing, run_list), (showing, run_show)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
    control_tests.add_to(group)
    framework_controls.add_to(group)


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """Print every catalog, and how many items it has."""
    found = collected(settings).catalogs
    if options.json:
        print_json([_heading(each) | {"items": len(each.items)} for each in found.values()])
        return 0
    rows = [(each.id, str(len(each.items)), each.effective_from.isoformat(), each.title) for each in found.values()]
    print_rows([("id", "items", "in force", "title"), *rows])
    return 0


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Print the items of one catalog, and whose words they are."""
    found = collected(settings)
    chosen = found.catalogs.get(options.framework)
    if chosen is None:
        raise CommandError(f"no framework `{options.framework}`; there are {', '.join(found.catalogs)}")
    texts = found.texts.get(chosen.id, {})
    if options.json:
        items = [_item(each) | ({"text": texts[each.id]} if each.id in texts else {}) for each in chosen.items.values()]
        print_json(_heading(chosen) | {"groups": dict(chosen.groups), "items": items})
        return 0
    print(f"{chosen.title}\n{chosen.version} · {chosen.publisher}\n{chosen.source}\nlicence: {chosen.licence}")
    for name, text in (("left out", chosen.scope), ("to be checked", chosen.check)):
        if text:
            print(f"{name}: {text}")
    print()
    today = datetime.now(UTC).date()
    rows = [
        (each.id, each.kind, "" if each.binds(today) else f"from {each.effective_from}", each.summary)
        for each in chosen.items.values()
    ]
    print_rows([("id", "kind", "not yet", "what it is about"), *rows])
    for name, text in texts.items():
        print(f"\n{name}\n{text}")
    return 0


def _item(item: Item) -> dict[str, Any]:
    return {name: _value(value) for name, value in asdict(item).items()}


def _heading(one: Catalog) -> dict[str, Any]:
    names = ("id", "title", "version", "publisher", "source", "licence", "scope", "check")
    return {name: getattr(one, name) for name in names} | {"effective_from": one.effective_from.isoformat()}


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, bool)) else value.isoformat()
