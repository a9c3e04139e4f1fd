"""Modules as one script: what it takes, what it refuses, and that the modules of the page are taken."""

import re
from pathlib import Path

import pytest

import auditor_portal
from auditor_portal.verifying.bundle import bundle
from auditor_portal.verifying.errors import BundleError

MODULES = Path(auditor_portal.__file__).parent / "static" / "verify"


def written(directory, **modules):
    for name, text in modules.items():
        (directory / f"{name}.mjs").write_text(text)
    return directory


def test_modules_stand_once_and_behind_what_they_import(tmp_path):
    modules = {
        "page": 'import { b } from "./b.mjs";\nimport { c, C } from "./c.mjs";\nb(c, C);\n',
        "b": 'import { c } from "./c.mjs";\nexport async function b() {}\nexport const d = c;\n',
        "c": "export class C {}\nexport function* c() {}\n",
    }
    assert bundle(written(tmp_path, **modules), "page") == (
        "const $c = (() => {\nclass C {}\nfunction* c() {}\nreturn { C, c };\n})();\n\n"
        "const $b = (() => {\nconst { c } = $c;\nasync function b() {}\nconst d = c;\nreturn { b, d };\n})();\n\n"
        "const { b } = $b;\nconst { c, C } = $c;\nb(c, C);\n"
    )


REFUSED = {
    "a default": {"page": "export default 1;\n"},
    "a name for all": {"page": 'import * as b from "./b.mjs";\n', "b": ""},
    "an import of nothing": {"page": 'import "./b.mjs";\n', "b": ""},
    "another name": {"page": 'import { b as c } from "./b.mjs";\n', "b": ""},
    "another place": {"page": 'import { b } from "https://example.org/b.mjs";\n'},
    "an import when it runs": {"page": 'const b = await import("./b.mjs");\n'},
    "where it comes from": {"page": "const here = import.meta.url;\n"},
    "an export behind the fact": {"page": 'import { b } from "./b.mjs";\n', "b": "const b = 1;\nexport { b };\n"},
    "a circle": {"page": 'import { b } from "./b.mjs";\n', "b": 'import { b } from "./b.mjs";\n'},
    "a module that is not there": {"page": 'import { b } from "./b.mjs";\n'},
    "the end of a script": {"page": 'const end = "</ScRiPt>";\n'},
    "the beginning of a comment": {"page": 'const end = "<!--";\n'},
}


@pytest.mark.parametrize("modules", REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path, modules):
    with pytest.raises(BundleError):
        bundle(written(tmp_path, **modules), "page")


def test_the_modules_of_the_page_are_all_in_it():
    script = bundle(MODULES, "page")
    names = {path.stem for path in MODULES.glob("*.mjs")}
    assert set(re.findall(r"^const \$(\w+) = ", script, re.MULTILINE)) == names - {"page"}


def test_no_module_can_ask_anybody_or_keep_anything():
    asks = r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\w+Storage|indexedDB|cookie|innerHTML|eval)\b"
    for path in MODULES.glob("*.mjs"):
        assert re.findall(asks, path.read_text()) == [], path.name
