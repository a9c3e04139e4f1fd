"""A report as the files of OSCAL."""

import json
from collections.abc import Iterator

from app.reporting.report import Report
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.package import documents


def oscal_files(report: Report) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each document, in the order of their names."""
    found = Assessment(
        catalog=report.catalog,
        controls=report.controls,
        results={name: each.result for name, each in report.statements.items()},
        period=report.period,
        log=report.log.name,
        modified=report.log.sealed or report.document["period"]["to"],
        version=report.sha256,
        collected={name: each.collected for name, each in report.statements.items()},
        excluded=frozenset(report.excluded),
        crosswalks=report.crosswalks,
        others=report.others,
    )
    for name, document in documents(found).items():
        if report.mark:
            for each in document.values():
                each["metadata"]["remarks"] = report.mark
        yield name, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
