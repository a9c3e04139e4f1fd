"""Bundles: what is in them, one digest over all of it, and which directories are none."""

import contextlib
import hashlib
import json
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp import bundle as module
from app.pdp.bundle import load, load_snapshot, parse_snapshot
from app.pdp.engine import ENGINE, Engines
from app.pdp.errors import BundleError
from app.pdp.metadata import parse_keeping, parse_rules
from app.pdp.model import Durability, Enforcement, Keeping, Severity
from app.pdp.proxy import Proxy
from app.pdp.strict_yaml import parse_yaml
from tests.pdp.shop import CALLERS, FILES, SCHEMA, SELL, stocked, written


@pytest.fixture
def shop(tmp_path):
    return stocked(tmp_path)


def test_what_an_action_is(shop):
    action = shop.actions["shop.sell"]
    assert list(shop.actions) == ["shop.sell"]
    assert (action.query, action.file) == ("data.shop.sell.decision", "rego/shop/sell.rego")
    assert list(action.rules) == ["ripe", "weighed", "described"]
    ripe = action.rules["ripe"]
    assert (ripe.title, ripe.severity, ripe.enforcement) == (
        "the fruit is ripe",
        Severity.CRITICAL,
        Enforcement.BLOCKING,
    )
    assert ripe.controls == ("soc2/CC8.1", "iso27001/A.8.30")
    assert SELL.split("\n")[ripe.line - 1].startswith('passed contains "ripe"')
    assert action.violations["described"].message == "the fruit is described"


def test_what_is_evaluated_and_what_only_tests_it(shop):
    assert set(shop.modules) == {"rego/lib/gates.rego", "rego/shop/sell.rego"}
    assert set(shop.tests) == {"rego/shop/sell_test.rego"}
    assert set(shop.cases) == {"cases/shop.yaml"}
    assert shop.files == FILES
    assert shop.revision == "r1"
    assert shop.engine == ENGINE


def test_the_data_hold_the_files_and_the_rules(shop):
    data = json.loads(shop.data)
    assert data["thresholds"] == {"shop": {"min_grams": 50, "price": 1.5}}
    assert data["callers"] == CALLERS
    assert data["rules"]["shop.sell"]["described"] == {
        "title": "the fruit is described",
        "severity": "low",
        "enforcement": "monitoring",
        "controls": ["soc2/CC2.3"],
    }


def test_the_digest_is_that_of_sha256sum(shop, tmp_path):
    command = "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    found = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=True, text=True)  # noqa: S602
    assert shop.digest == found.stdout.split()[0]


def test_the_digest_changes_with_any_file(shop, tmp_path_factory):
    seen = {shop.digest}
    for number, name in enumerate(FILES):
        seen.add(stocked(tmp_path_factory.mktemp(f"b{number}"), {name: FILES[name] + " \n"}).digest)
    assert len(seen) == len(FILES) + 1


def test_notes_count_for_the_digest_alone(shop, tmp_path_factory):
    noted = stocked(tmp_path_factory.mktemp("b"), {"README.md": "# Notes", "rego/shop/NOTES.md": "x"})
    assert noted.digest != shop.digest
    assert (noted.modules, noted.data) == (shop.modules, shop.data)


def test_a_snapshot_is_the_bundle_again(shop):
    again = parse_snapshot(shop.snapshot())
    for name in ("files", "modules", "tests", "cases", "data", "digest", "revision", "engine", "callers"):
        assert getattr(again, name) == getattr(shop, name)
    assert again.actions["shop.sell"].rules == shop.actions["shop.sell"].rules
    assert again.snapshot() == shop.snapshot()


def test_a_snapshot_says_what_an_evaluator_needs(shop):
    snapshot = json.loads(shop.snapshot())
    assert list(snapshot["entries"]) == ["data.shop.sell.decision"]
    assert snapshot["digest"] == shop.digest
    assert snapshot["entries"]["data.shop.sell.decision"][-1] == "rego/shop/sell.rego"
    Engines(snapshot["modules"], snapshot["data"], snapshot["entries"]).evaluate("data.shop.sell.decision", "{}")


@pytest.mark.parametrize(
    "changes",
    [{"digest": "0" * 64}, {"files": {}}, {"files": []}, {"files": {"x": 1}}, {"revision": 1}],
    ids=["another digest", "no files", "files as a list", "a file that is no text", "a revision that is no text"],
)
def test_a_changed_snapshot_is_refused(shop, changes):
    with pytest.raises(BundleError):
        parse_snapshot(json.dumps(json.loads(shop.snapshot()) | changes).encode())


def test_a_snapshot_with_a_changed_file_is_refused(shop):
    changed = json.loads(shop.snapshot())
    changed["files"]["data/thresholds.json"] = "{}"
    with pytest.raises(BundleError, match="not what its files say"):
        parse_snapshot(json.dumps(changed).encode())


def test_a_snapshot_whose_modules_are_not_those_of_its_files_is_refused(shop):
    """Evaluators load the modules; the digest speaks of the files."""
    changed = json.loads(shop.snapshot())
    changed["modules"]["rego/shop/sell.rego"] += "\n"
    with pytest.raises(BundleError, match="not what its files say"):
        parse_snapshot(json.dumps(changed, ensure_ascii=False).encode())


def test_a_kept_bundle_is_the_one_of_its_name(shop, tmp_path):
    kept = tmp_path / f"{shop.digest}.json"
    kept.write_bytes(shop.snapshot())
    assert load_snapshot(kept).fingerprint() == shop.fingerprint() == hashlib.sha256(kept.read_bytes()).hexdigest()
    other = kept.rename(tmp_path / f"{'0' * 64}.json")
    with pytest.raises(BundleError, match=f"holds the bundle {shop.digest}"):
        load_snapshot(other)
    with pytest.raises(FileNotFoundError):
        load_snapshot(kept)


@given(
    st.binary(max_size=100) | st.dictionaries(st.text(), st.integers()).map(lambda value: json.dumps(value).encode())
)
def test_no_other_bytes_are_a_snapshot(data):
    with pytest.raises(BundleError):
        parse_snapshot(data)


def test_enforcement_can_be_overridden(tmp_path):
    overrides = {"shop.sell": {"ripe": {"enforcement": "monitoring"}}}
    shop = stocked(tmp_path, {"data/enforcement.json": json.dumps(overrides)})
    assert shop.actions["shop.sell"].rules["ripe"].enforcement is Enforcement.MONITORING
    assert shop.actions["shop.sell"].violations["ripe"].enforcement is Enforcement.MONITORING
    assert json.loads(shop.data)["rules"]["shop.sell"]["ripe"]["enforcement"] == "monitoring"


def test_enforcement_and_callers_may_be_left_out(tmp_path):
    shop = stocked(tmp_path, {"data/enforcement.json": None, "data/callers.json": None})
    assert shop.callers == {}


def test_a_caller_is_known_by_its_actions(shop, tmp_path_factory):
    caller = shop.callers["marketplace"]
    assert (caller.tenant, caller.subject_types) == ("default", frozenset({"grocer"}))
    assert caller.actions == {"shop.sell"}
    one = {"till": {"tenant": "t-1", "actions": ["shop.sell"], "subject_types": ["grocer"]}}
    exact = stocked(tmp_path_factory.mktemp("b"), {"data/callers.json": json.dumps(one)}).callers["till"]
    assert exact.actions == {"shop.sell"}


def callers(**changes):
    return json.dumps({"marketplace": CALLERS["marketplace"] | changes})


PROXY = {"action": "shop.sell", "user": "x-user", "roles": "x-roles", "obligations": ["notice"]}


def proxy(value=PROXY, **changes):
    return callers(proxy=value | changes if changes else value)


def test_a_caller_may_be_a_proxy(shop, tmp_path):
    assert shop.callers["marketplace"].proxy is None
    found = stocked(tmp_path, {"data/callers.json": proxy()}).callers["marketplace"].proxy
    assert found == Proxy(action="shop.sell", user="x-user", roles="x-roles", obligations=frozenset({"notice"}))


REFUSED = {
    "a file that has no place": ({"rego/shop/sell.js": "x"}, "rego/shop/sell.js:1:1: has no place"),
    "a hidden file": ({".swp": "x"}, ".swp:1:1: has no place"),
    "a module beside rego": ({"sell.rego": SELL}, "sell.rego:1:1: has no place"),
    "an action in the place of what policies share": (
        {"rego/lib.rego": SELL, "rego/lib.schema.json": json.dumps(SCHEMA)},
        "rego/lib.rego:1:1: `data.lib` is taken",
    ),
    "an action in the place of the rules": (
        {"rego/rules.rego": SELL, "rego/rules.schema.json": json.dumps(SCHEMA)},
        "rego/rules.rego:1:1: `data.rules` is taken",
    ),
    "a file that is no UTF-8": ({"rego/shop/x.rego": b"\xff"}, "rego/shop/x.rego:1:1: not UTF-8"),
    "a file too large": ({"data/x.json": " " * (1 << 20) + "{}"}, "data/x.json:1:1: larger than"),
    "an action without a contract": ({"rego/shop/sell.schema.json": None}, "write `rego/shop/sell.schema.json`"),
    "a contract without an action": ({"rego/shop/buy.schema.json": "{}"}, "rego/shop/buy.schema.json:1:1: a contract"),
    "a contract that is none": ({"rego/shop/sell.schema.json": "{}"}, "rego/shop/sell.schema.json:1:1: at `/`"),
    "an action without gates": ({"rego/shop/sell.rego": "package shop.sell\n"}, "has no gate with METADATA"),
    "no action at all": (dict.fromkeys(FILES), "holds no action"),
    "data that are no object": ({"data/x.json": "[]"}, "data/x.json:1:1: data is an object"),
    "data that are no JSON": ({"data/x.json": "{"}, "data/x.json:1:2: no JSON"),
    "data in the place of the rules": ({"data/rules.json": "{}"}, "data/rules.json:1:1: `data.rules` is taken"),
    "data in the place of a package": ({"data/shop.json": "{}"}, "data/shop.json:1:1: `data.shop` is taken"),
    "enforcement of an unknown action": ({"data/enforcement.json": '{"shop.buy": {}}'}, "no action `shop.buy`"),
    "enforcement that is no object": ({"data/enforcement.json": '{"shop.sell": 1}'}, "name its gates"),
    "enforcement of an unknown gate": (
        {"data/enforcement.json": '{"shop.sell": {"x": {"enforcement": "monitoring"}}}'},
        "name its gates",
    ),
    "an enforcement that is none": (
        {"data/enforcement.json": '{"shop.sell": {"ripe": {"enforcement": "off"}}}'},
        "gate `ripe`: write",
    ),
    "an override of something else": (
        {"data/enforcement.json": '{"shop.sell": {"ripe": {"enforcement": "monitoring", "severity": "low"}}}'},
        "gate `ripe`: write",
    ),
    "an override that is no object": ({"data/enforcement.json": '{"shop.sell": {"ripe": 1}}'}, "gate `ripe`: write"),
    "a caller with a strange name": ({"data/callers.json": '{"A B": {}}'}, "data/callers.json:1:2: caller `A B`"),
    "a caller that is no object": ({"data/callers.json": '{"a": 1}'}, "caller `a`: write"),
    "a caller with something more": ({"data/callers.json": callers(admin=True)}, "caller `marketplace`: write"),
    "a caller that may perhaps": ({"data/callers.json": callers(explain=1)}, "`explain` is true or false"),
    "a proxy that is none": ({"data/callers.json": proxy(1)}, "`proxy` has `action`"),
    "a proxy with something less": ({"data/callers.json": proxy({"action": "shop.sell"})}, "`proxy` has `action`"),
    "a proxy for an action not its own": ({"data/callers.json": proxy(action="shop.buy")}, "`proxy.action`"),
    "a proxy for an action that is no text": ({"data/callers.json": proxy(action=[])}, "`proxy.action`"),
    "a proxy with a header that is none": ({"data/callers.json": proxy(user="X User")}, "`proxy.user`"),
    "a proxy with a header that is no text": ({"data/callers.json": proxy(roles=1)}, "`proxy.user`"),
    "a proxy with one header for both": ({"data/callers.json": proxy(roles="x-user")}, "`proxy.user`"),
    "a proxy whose obligations are no list": ({"data/callers.json": proxy(obligations="x")}, "`proxy.obligations`"),
    "a proxy whose obligations are no types": ({"data/callers.json": proxy(obligations=[1])}, "`proxy.obligations`"),
    "a tenant that is none": ({"data/callers.json": callers(tenant="A/B")}, "`tenant`"),
    "a tenant that is no text": ({"data/callers.json": callers(tenant=1)}, "`tenant`"),
    "a caller for no action": ({"data/callers.json": callers(actions=[])}, "`actions` lists"),
    "a caller for every action": ({"data/callers.json": callers(actions=["*"])}, "no action is named `*`"),
    "a caller for an unknown action": ({"data/callers.json": callers(actions=["x.*"])}, "no action is named `x.*`"),
    "subject types that are no texts": ({"data/callers.json": callers(subject_types=[1])}, "`subject_types` lists"),
    "subject types that are no list": ({"data/callers.json": callers(subject_types="x")}, "`subject_types` lists"),
}


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_is_no_bundle(tmp_path, changes, said):
    with pytest.raises(BundleError) as refused:
        stocked(tmp_path, changes)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_link_is_no_file(tmp_path):
    written(tmp_path, FILES)
    (tmp_path / "data" / "x.json").symlink_to(tmp_path / "data" / "thresholds.json")
    with pytest.raises(BundleError, match="regular files alone"):
        load(tmp_path, "r1")


def test_a_pipe_is_no_file(tmp_path):
    written(tmp_path, FILES)
    os.mkfifo(tmp_path / "data" / "x.json")
    with pytest.raises(BundleError, match="regular files alone"):
        load(tmp_path, "r1")


def test_a_directory_that_is_not_there_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="is no directory"):
        load(tmp_path / "nowhere", "r1")


def test_a_file_that_cannot_be_read_is_one_error(tmp_path, monkeypatch):
    written(tmp_path, FILES)

    def failing(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", failing)
    with pytest.raises(BundleError, match="cannot read the bundle: Permission denied"):
        load(tmp_path, "r1")


@pytest.mark.parametrize("limit", ["_MAX_FILES", "_MAX_BUNDLE_BYTES"])
def test_a_bundle_has_a_size(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(module, limit, 5)
    with pytest.raises(BundleError, match="a bundle has at most 5"):
        stocked(tmp_path)


def metadata(said, gate="ripe"):
    return f'package x\n\n{said}\npassed contains "{gate}" if input.x\n'


GOOD = "# METADATA\n# title: t\n# custom: {severity: low, enforcement: blocking, controls: [soc2/CC1.1]}"


def test_metadata_is_read():
    rules = parse_rules("x.rego", metadata(GOOD))
    assert (rules["ripe"].line, rules["ripe"].controls) == (6, ("soc2/CC1.1",))


@pytest.mark.parametrize(
    "source",
    [
        metadata(GOOD + "\n"),
        metadata("# title: t"),
        f"package x\n{GOOD}\nallow := true\n",
        f"package x\n{GOOD}",
        metadata("# About METADATA"),
    ],
    ids=["an empty line between", "no heading", "above another rule", "at the end", "a sentence about METADATA"],
)
def test_metadata_elsewhere_describe_no_gate(source):
    assert parse_rules("x.rego", source) == {}


def custom(text):
    return f"# METADATA\n# title: t\n# custom: {text}"


BAD_METADATA = {
    "no title": "# METADATA\n# custom: {severity: low, enforcement: blocking, controls: [a/b]}",
    "a title of two lines": GOOD.replace("title: t", 'title: "t\\nu"'),
    "a title too long": GOOD.replace("title: t", f"title: {'t' * 161}"),
    "an empty title": GOOD.replace("title: t", "title: ''"),
    "a title that is a number": GOOD.replace("title: t", "title: 7"),
    "nothing": "# METADATA",
    "a list": "# METADATA\n# - title",
    "no custom": "# METADATA\n# title: t",
    "custom without controls": custom("{severity: low, enforcement: blocking}"),
    "custom with something more": custom("{severity: low, enforcement: blocking, controls: [a/b], owner: x}"),
    "a severity that is none": custom("{severity: fatal, enforcement: blocking, controls: [a/b]}"),
    "an enforcement that is none": custom("{severity: low, enforcement: off, controls: [a/b]}"),
    "a severity that is a list": custom("{severity: [low], enforcement: blocking, controls: [a/b]}"),
    "no control": custom("{severity: low, enforcement: blocking, controls: []}"),
    "one control": custom("{severity: low, enforcement: blocking, controls: a/b}"),
    "a control without a framework": custom("{severity: low, enforcement: blocking, controls: [CC8.1]}"),
    "a control that is a number": custom("{severity: low, enforcement: blocking, controls: [8.1]}"),
    "a control twice": custom("{severity: low, enforcement: blocking, controls: [a/b, a/b]}"),
    "a control of nested lists": custom("{severity: low, enforcement: blocking, controls: [[a/b]]}"),
    "too many controls": custom(
        f"{{severity: low, enforcement: blocking, controls: [{', '.join(f'a/b{n}' for n in range(13))}]}}"
    ),
    "no YAML": "# METADATA\n# title: [",
}


@pytest.mark.parametrize("said", BAD_METADATA.values(), ids=BAD_METADATA)
def test_metadata_are_refused(said):
    with pytest.raises(BundleError, match=r"^x\.rego:\d+:\d+: "):
        parse_rules("x.rego", metadata(said))


def test_a_gate_has_metadata_once():
    with pytest.raises(BundleError, match=r"x\.rego:7:1: gate `ripe` has METADATA above its first rule already"):
        parse_rules("x.rego", metadata(GOOD) + GOOD + '\npassed contains "ripe" if input.y\n')


@pytest.mark.parametrize("gate", ["Ripe", "1st", "", "a-b", "a" * 65])
def test_a_gate_has_a_name(gate):
    with pytest.raises(BundleError, match="a gate is named by"):
        parse_rules("x.rego", metadata(GOOD, gate))


@given(st.text(alphabet="# METADAtitle:custom{}[]-\n\"'&*!|>%@`ä\t\x00", max_size=80))
def test_metadata_are_read_or_refused(text):
    with contextlib.suppress(BundleError):
        parse_rules("x.rego", metadata("# METADATA\n#" + text.replace("\n", "\n#")))


YAML = {
    "a date is text": ("2026-11-22", "2026-11-22"),
    "a time is text": ("2026-11-22T14:00:00Z", "2026-11-22T14:00:00Z"),
    "no is text": ("no", "no"),
    "minutes are text": ("12:30", "12:30"),
    "an octal number is text": ("012", "012"),
    "a merge key is text": ("{<<: {a: 1}}", {"<<": {"a": 1}}),
    "a number": ("[1, -2, 0.5]", [1, -2, 0.5]),
    "true": ("[true, false]", [True, False]),
    "nothing": ("[null, ~, ]", [None, None]),
    "infinity is text": (".inf", ".inf"),
    "an empty document": ("", None),
}


@pytest.mark.parametrize(("text", "value"), YAML.values(), ids=YAML)
def test_yaml_says_what_json_says(text, value):
    assert parse_yaml("x.yaml", text) == value


BAD_YAML = {
    "a name twice": ("a: 1\na: 2", "x.yaml:2:1: this name stands twice"),
    "a number for a name": ("1: 2", "x.yaml:1:1: a name must be a string"),
    "a list for a name": ("? [a]\n: 1", "x.yaml:1:3: a name must be a string"),
    "an alias": ("a: &x 1\nb: *x", "x.yaml:2:4: write out what the alias stands for"),
    "an object of Python": ("!!python/object:os.x {}", "x.yaml:1:1: could not determine"),
    "a date by tag": ("!!timestamp 2026-11-22", "x.yaml:1:1: could not determine"),
    "a number that is none": ("!!int x", "x.yaml:1:1: no YAML"),
    "a list that is an object": ("!!seq {a: 1}", "x.yaml:1:1: expected"),
    "two documents": ("--- 1\n--- 2", "x.yaml:2:1: "),
    "a character YAML does not have": ("\x00", "x.yaml:1:1: no YAML"),
    "nested without end": ("[" * 5_000, "x.yaml:1:1: no YAML"),
}


@pytest.mark.parametrize(("text", "said"), BAD_YAML.values(), ids=BAD_YAML)
def test_yaml_is_refused(text, said):
    with pytest.raises(BundleError) as refused:
        parse_yaml("x.yaml", text)
    assert str(refused.value).startswith(said)


@given(st.text(alphabet="a:1-[]{},\n \"'&*!|>%@`?#\x85\ufeff.", max_size=40))
def test_yaml_is_read_or_refused(text):
    with contextlib.suppress(BundleError):
        json.dumps(parse_yaml("x.yaml", text))


NEEDED = {
    "rego/a/b.rego": "package a.b\nimport data.lib.one\n",
    "rego/lib/one.rego": "package lib.one\nx := data.lib.two.y\n",
    "rego/lib/two.rego": "package lib.two\ny := data.lib.one.x\n",
    "rego/lib/three.rego": "package lib.three\n",
    "rego/c/d.rego": "package c.d\n",
}


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("", set()),
        ("z := data.lib", {"rego/lib/three.rego"}),
        ("z := data.lib.three.w.v", {"rego/lib/three.rego"}),
        ("z := data.library", set()),
        ("  # all of data", set()),
        ('z := 1 # of data, "too', set()),
        ('z := {"data": "data.lib.three", "a\\"data": `data # \n data`}', set()),
        ('z := "#" == data.lib.three', {"rego/lib/three.rego"}),
        ('z := data["c"]', {"rego/lib/three.rego", "rego/c/d.rego"}),
        ('z := $"{data.lib.three.w}"', {"rego/lib/three.rego"}),
        ("z := input.data", set()),
        ("z := data[x]", {"rego/lib/three.rego", "rego/c/d.rego"}),
    ],
)
def test_an_action_is_given_the_modules_it_may_name(line, more):
    modules = NEEDED | {"rego/a/b.rego": NEEDED["rego/a/b.rego"] + line}
    always = {"rego/a/b.rego", "rego/lib/one.rego", "rego/lib/two.rego"}
    assert set(module.needed("rego/a/b.rego", modules)) == always | more


def above_package(text):
    return f"# METADATA\n# {text}\npackage shop.sell\n"


@pytest.mark.parametrize(
    ("text", "keeping"),
    [
        ("custom: {durability: locked}", Keeping(durability=Durability.LOCKED)),
        ("custom: {retention: hipaa6y}", Keeping(retention="hipaa6y")),
        (
            "custom: {durability: journal, retention: aiact1y}",
            Keeping(durability=Durability.JOURNAL, retention="aiact1y"),
        ),
        ("title: pays\n# custom: {durability: locked}", Keeping(durability=Durability.LOCKED)),
    ],
)
def test_a_policy_says_how_its_decisions_are_kept(text, keeping):
    assert parse_keeping("x.rego", above_package(text)) == keeping


def test_a_policy_that_says_nothing_takes_the_defaults():
    assert parse_keeping("x.rego", "package shop.sell\n") == Keeping()


@pytest.mark.parametrize(
    "text",
    [
        "title: nothing more",
        "custom: {}",
        "custom: locked",
        "custom: {durability: async}",
        "custom: {durability: [locked]}",
        "custom: {retention: 7}",
        "custom: {retention: std-7y}",
        "custom: {durability: locked, severity: high}",
        "scope: package\n# custom: {durability: locked}",
        "[1]",
    ],
)
def test_how_decisions_are_kept_has_one_form(text):
    with pytest.raises(BundleError, match=r"^x.rego:1:1: METADATA of the package: write `custom: "):
        parse_keeping("x.rego", above_package(text))


def test_a_bundle_knows_the_classes_its_actions_name(tmp_path):
    said = {"rego/shop/sell.rego": "# METADATA\n# custom: {retention: hipaa6y}\n" + SELL}
    written(tmp_path, FILES | said)
    assert load(tmp_path, "r1").retention_classes == {"hipaa6y"}


def test_an_action_may_be_named_by_one_word(tmp_path):
    files = {
        "rego/read.rego": SELL.replace("package shop.sell", "package read").replace('"shop.sell"', '"read"'),
        "rego/read.schema.json": json.dumps(SCHEMA),
    }
    action = stocked(tmp_path, files).actions["read"]
    assert (action.query, action.file) == ("data.read.decision", "rego/read.rego")


@pytest.mark.parametrize(
    ("limit", "files"), [("_MAX_FILES", {"a": b"", "b": b""}), ("_MAX_FILE_BYTES", {"rego/a.rego": b"ab"})]
)
def test_files_from_elsewhere_have_the_same_bounds(monkeypatch, limit, files):
    monkeypatch.setattr(module, limit, 1)
    with pytest.raises(BundleError, match=r"at most 1 files|larger than 1 bytes"):
        module.parse_files(files, "r1")
