"""Pages of frameworks: all of them, one with its criteria, and one criterion with what shows that it is met."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app import chart
from app.features.frameworks import standing
from app.features.frameworks.answering import answer
from app.features.frameworks.feature import feature
from app.features.frameworks.overview import control_document, finding_document, looked_at, states, table
from app.features.frameworks.shelf import catalog_of, collection, item_of, now
from app.features.frameworks.standing import UNSETTLED
from app.features.frameworks.states import TONES, WORDS, State
from app.pdp.enforce import Permit
from app.pep import Resource
from frameworks.catalog import Catalog, Item
from frameworks.coverage import coverage
from frameworks.mapping import Crosswalk, Related, Relation

_LISTED: Final = {
    "id": "id",
    "title": "framework",
    "version": "version",
    "criteria": "criteria",
    "covered": "covered",
    "machine": "tested by machine",
    "fresh": "fresh evidence",
    "score": "score, per cent",
    "day": "score of",
}
_ITEMS: Final = {
    "id": "id",
    "group": "group",
    "kind": "kind",
    "summary": "summary",
    "effective_from": "binds from",
    "formerly": "formerly from",
    "unchecked": "date to be checked",
    "controls": "controls",
    "state": "state",
}
_TESTS: Final = {
    "control": "control",
    "id": "test",
    "kind": "kind",
    "title": "title",
    "every": "every",
    "state": "state",
    "tested_at": "tested at",
    "population": "population",
    "deviations": "deviations",
}


def seen(framework: str) -> Resource:
    """Return a framework as what is looked at."""
    return looked_at("framework", catalog_of(framework).id)


def _all() -> Resource:
    return looked_at("frameworks")


def _criterion(framework: str, criterion: str) -> Resource:
    return looked_at("criterion", framework, item_of(framework, criterion).id)


@feature.route("/", action="view", resource=_all)
def frameworks(_permit: Permit) -> ResponseReturnValue:
    """Show every framework, and of each how much is covered, tested, fresh, and its score."""
    found = [_catalog_document(each) for each in collection().catalogs.values()]
    counted = [
        chart.Bar(name=each["id"], parts=tuple(_part(State(name), count) for name, count in each["states"].items()))
        for each in found
    ]
    drawn = chart.bars("states", "Criteria of each framework by how they stand", counted)
    document = {"frameworks": found}
    return answer("frameworks", document, table("frameworks", found, _LISTED), drawn=Markup(drawn))  # noqa: S704


@feature.route("/catalogs/<framework>", action="view", resource=seen)
def framework(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Show a framework: its groups, its criteria and how each stands."""
    catalog = catalog_of(framework)
    items = [_item_document(catalog, each) for each in catalog.items.values()]
    document = {
        "framework": _catalog_document(catalog) | _origin(catalog),
        "groups": [
            {"id": each, "title": title, "criteria": [item for item in items if item["group"] == each]}
            for each, title in catalog.groups.items()
        ],
    }
    return answer("framework", document, table(framework, items, _ITEMS))


@feature.route("/catalogs/<framework>/criteria/<criterion>", action="view", resource=_criterion)
def criterion(_permit: Permit, framework: str, criterion: str) -> ResponseReturnValue:
    """Show a criterion: what it is about, whose controls serve it, their tests, and what is open."""
    catalog = catalog_of(framework)
    item = catalog.items[criterion]
    controls = [control_document(each) for each in states().serving(f"{framework}/{criterion}")]
    names = {each["id"] for each in controls}
    open_ = [finding_document(each) for each in standing.findings(states=UNSETTLED) if each.control in names]
    document = {
        "framework": {"id": catalog.id, "title": catalog.title} | _origin(catalog),
        "criterion": _item_document(catalog, item)
        | {"group_title": catalog.groups[item.group], "text": collection().texts.get(framework, {}).get(criterion)},
        "related": [_related(*each) for each in related(collection().crosswalks.values(), framework, criterion)],
        "controls": controls,
        "findings": open_,
    }
    tests = [test for control in controls for test in control["tests"]]
    return answer("criterion", document, table(f"{framework}-{criterion}", tests, _TESTS))


def _catalog_document(catalog: Catalog) -> dict[str, Any]:
    found = states()
    numbers = coverage(catalog, found.controls.values(), found.outcomes, found.organisation)
    last = next(reversed(standing.scores(catalog.id, days=1)), None)
    return {
        "id": catalog.id,
        "title": catalog.title,
        "version": catalog.version,
        "publisher": catalog.publisher,
        "criteria": numbers.total.items,
        "excluded": numbers.excluded,
        "covered": numbers.total.covered,
        "machine": numbers.total.machine,
        "fresh": numbers.total.fresh,
        "score": last.permille / 10 if last else None,
        "day": last.day if last else None,
        "states": {state.value: count for state, count in found.count(catalog).items()},
    }


def _origin(catalog: Catalog) -> dict[str, Any]:
    return {
        "source": catalog.source,
        "licence": catalog.licence,
        "effective_from": catalog.effective_from.isoformat(),
        "scope": catalog.scope,
        "check": catalog.check,
    }


def _item_document(catalog: Catalog, item: Item) -> dict[str, Any]:
    name = f"{catalog.id}/{item.id}"
    return {
        "id": item.id,
        "group": item.group,
        "kind": item.kind,
        "summary": item.summary,
        "effective_from": item.effective_from.isoformat(),
        "binds": item.binds(now().date()),
        "formerly": item.formerly.isoformat() if item.formerly else None,
        "unchecked": item.unchecked,
        "controls": [each.id for each in states().serving(name)],
        "state": states().of_criterion(name).value,
    }


def _related(framework: str, item: str, relation: Relation, why: Related) -> dict[str, Any]:
    name = f"{framework}/{item}"
    return {
        "criterion": name,
        "relation": relation.value,
        "rationale": why.rationale,
        "source": why.source,
        "summary": collection().catalogs[framework].items[item].summary,
        "state": states().of_criterion(name).value,
    }


def related(crosswalks: Iterable[Crosswalk], framework: str, item: str) -> Iterator[tuple[str, str, Relation, Related]]:
    """Yield what of other frameworks a criterion relates to: framework, item, how this one relates to it, and why."""
    for crosswalk in crosswalks:
        for each in crosswalk.relations:
            if (crosswalk.left, each.left) == (framework, item):
                yield crosswalk.right, each.right, each.relation, each
            elif (crosswalk.right, each.right) == (framework, item):
                yield crosswalk.left, each.left, each.relation.reverse, each


def _part(state: State, count: int) -> chart.Part:
    return chart.Part(name=WORDS[state], count=count, tone=TONES[state])
