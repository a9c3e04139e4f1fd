"""`omega openapi`."""

import re

from app.decision_plane.asgi import described


def test_the_endpoints_are_listed(omega):
    ended = omega("openapi")
    assert (ended.code, ended.errors) == (0, "")
    assert re.search(r"^POST +/access/v1/evaluation +Decide whether", ended.out, re.MULTILINE)
    assert all(path in ended.out for path in described()["paths"])


def test_the_document_is_printed(omega):
    ended = omega("openapi", "--json")
    assert (ended.code, ended.json) == (0, described())
    assert ended.json["openapi"] == "3.1.0"
