"""Pages of a framework as a whole: coverage matrix, trend, statement of applicability, gaps."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app import chart
from app.features.frameworks import gaps as gaps_found
from app.features.frameworks import standing
from app.features.frameworks.answering import answer
from app.features.frameworks.feature import feature
from app.features.frameworks.overview import looked_at, states, table
from app.features.frameworks.routes_catalogs import seen
from app.features.frameworks.shelf import catalog_of, collection
from app.features.frameworks.standing import ScoreShown
from app.pdp.enforce import Permit
from app.pep import Resource
from frameworks.applicability import Line, statement
from frameworks.catalog import Catalog
from frameworks.control_test import Kind

_MATRIX: Final = {"id": "id", "group": "group", "summary": "summary", "state": "state"} | {
    f"{kind}{what}": f"{kind}{said}" for kind in Kind for what, said in (("", ""), ("_tests", " tests"))
}
_SCORES: Final = {
    "day": "day",
    "score": "score, per cent",
    "criteria": "criteria",
    "effective": "effective",
    "idle": "did not occur",
    "deviating": "deviations",
    "unknown": "unknown",
}
_LINES: Final = {
    "id": "id",
    "summary": "what it is about",
    "applicable": "applies",
    "justification": "why",
    "controls": "controls",
    "state": "state",
}
_GAPS: Final = {
    "kind": "gap",
    "what": "control or test",
    "title": "what it is about",
    "severity": "severity",
    "criteria": "criteria",
}


def _all() -> Resource:
    return looked_at("gaps")


@feature.route("/catalogs/<framework>/coverage", action="view", resource=seen)
def coverage(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Show the coverage matrix: criteria by kinds of evidence."""
    catalog = catalog_of(framework)
    rows = [_covered(catalog, item) for item in catalog.items]
    document = {"framework": _named(catalog), "kinds": [kind.value for kind in Kind], "criteria": rows}
    flat = [row | _flat(row["evidence"]) for row in rows]
    return answer("coverage", document, table(f"{framework}-coverage", flat, _MATRIX))


@feature.route("/catalogs/<framework>/trend", action="view", resource=seen)
def trend(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Show how the score of a framework went, as a chart and as the numbers that it is drawn from."""
    catalog = catalog_of(framework)
    scores = standing.scores(framework)
    rows = [_score(each) for each in scores]
    document = {"framework": _named(catalog), "scores": rows}
    drawn = Markup(_drawn(catalog, scores))  # noqa: S704 - it escapes what it is given
    return answer("trend", document, table(f"{framework}-trend", rows, _SCORES), drawn=drawn)


@feature.route("/catalogs/<framework>/trend.svg", action="view", resource=seen)
def trend_svg(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Return the chart alone."""
    drawn = _drawn(catalog_of(framework), standing.scores(framework))
    headers = {"content-disposition": f'attachment; filename="{framework}-trend.svg"'}
    return Response(drawn, content_type="image/svg+xml", headers=headers)


@feature.route("/catalogs/<framework>/applicability", action="view", resource=seen)
def applicability(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Show the statement of applicability (ISO/IEC 27001, 6.1.3)."""
    catalog, organisation = catalog_of(framework), collection().organisation
    rows = [_line(framework, each) for each in statement(catalog, collection().controls.values(), organisation)]
    document = {"framework": _named(catalog), "organisation": organisation.name, "lines": rows}
    return answer("applicability", document, table(f"{framework}-applicability", rows, _LINES))


@feature.route("/catalogs/<framework>/gaps", action="view", resource=seen)
def gaps(_permit: Permit, framework: str) -> ResponseReturnValue:
    """Show what is missing before every criterion of a framework is met, the worst first."""
    catalog = catalog_of(framework)
    rows = _gaps([catalog])
    return answer("gaps", {"framework": _named(catalog), "gaps": rows}, table(f"{framework}-gaps", rows, _GAPS))


@feature.route("/gaps", action="view", resource=_all)
def all_gaps(_permit: Permit) -> ResponseReturnValue:
    """Show what is missing in any framework."""
    rows = _gaps(collection().catalogs.values())
    return answer("gaps", {"framework": None, "gaps": rows}, table("gaps", rows, _GAPS))


def _named(catalog: Catalog) -> dict[str, str]:
    return {"id": catalog.id, "title": catalog.title, "version": catalog.version}


def _covered(catalog: Catalog, item: str) -> dict[str, Any]:
    name, found = f"{catalog.id}/{item}", catalog.items[item]
    return {
        "id": item,
        "group": found.group,
        "summary": found.summary,
        "state": states().of_criterion(name).value,
        "evidence": {
            each.kind.value: {"state": each.state.value if each.state else None, "tests": list(each.tests)}
            for each in states().evidence(name)
        },
    }


def _flat(evidence: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {kind: each["state"] for kind, each in evidence.items()} | {
        f"{kind}_tests": each["tests"] for kind, each in evidence.items()
    }


def _score(score: ScoreShown) -> dict[str, Any]:
    return {
        "day": score.day,
        "score": score.permille / 10,
        "criteria": score.criteria,
        "effective": score.effective,
        "idle": score.idle,
        "deviating": score.deviating,
        "unknown": score.unknown,
    }


def _drawn(catalog: Catalog, scores: list[ScoreShown]) -> str:
    days = [(datetime.fromisoformat(each.day).replace(tzinfo=UTC), each) for each in scores]
    lines: dict[str, Callable[[ScoreShown], float]] = {
        "score": lambda each: each.permille / 10,
        "deviations": lambda each: _share(each.deviating, each.criteria),
        "unknown": lambda each: _share(each.unknown, each.criteria),
    }
    drawn = [
        chart.Line(name=name, points=tuple(chart.Point(at=day, value=value(each)) for day, each in days))
        for name, value in lines.items()
    ]
    return chart.trend("trend", f"{catalog.title}: shares of its criteria over time", drawn)


def _share(count: int, all_: int) -> float:
    return count * 1000 // all_ / 10 if all_ else 0.0


def _line(framework: str, line: Line) -> dict[str, Any]:
    return {
        "id": line.item.id,
        "group": line.item.group,
        "summary": line.item.summary,
        "applicable": line.applicable,
        "justification": line.justification,
        "controls": list(line.controls),
        "state": states().of_criterion(f"{framework}/{line.item.id}").value,
    }


def _gaps(catalogs: Iterable[Catalog]) -> list[dict[str, Any]]:
    criteria = [(f"{each.id}/{item}", each.items[item].summary) for each in catalogs for item in each.items]
    return [
        {
            "kind": gap.kind.value,
            "what": gap.what,
            "title": gap.title,
            "severity": gap.severity,
            "criteria": list(gap.criteria),
        }
        for gap in gaps_found.of(criteria, states())
    ]
