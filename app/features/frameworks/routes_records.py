"""The page of one record of the log, which deviations and results link to."""

import json
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue

from app.features.frameworks import records
from app.features.frameworks.answering import answer
from app.features.frameworks.feature import feature
from app.features.frameworks.overview import looked_at, table
from app.pdp.enforce import Permit
from app.pep import Resource


def _seen(position: str) -> Resource:
    g.record = records.record(position)
    return looked_at("record", position)


@feature.route("/records/<position>", action="view", resource=_seen)
def record(_permit: Permit, position: str) -> ResponseReturnValue:
    """Show a record as it stands in the log. Who asked what stays sealed."""
    found: dict[str, Any] = g.record
    rows = [{"member": name, "value": json.dumps(value)} for name, value in found["record"].items()]
    shown = json.dumps(found["record"], indent=2, ensure_ascii=False)
    document = {"position": position, **found}
    columns = {"member": "member", "value": "value"}
    return answer("record", document, table(position, rows, columns), shown=shown)
