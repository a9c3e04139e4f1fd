"""A report as one page: no scripts, nothing from elsewhere. All in it is escaped, as names are somebody's words."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from app.reporting import figures
from app.reporting.report import Report


@cache
def _template() -> Template:
    text = files("app.reporting").joinpath("templates/report.html").read_text("utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text)


def html_page(report: Report) -> str:
    """Return the page."""
    data = report.document
    return _template().render(
        data=data,
        statements={each["test"]: each for each in data["statements"]},
        sha256=report.sha256,
        made_for=report.mark,
        items_chart=Markup(figures.by_group(report).svg),  # noqa: S704 - drawn here, its texts escaped
        tests_chart=Markup(figures.by_kind(report).svg),  # noqa: S704
    )
