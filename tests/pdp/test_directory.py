"""What a tenant has registered: its shape, who sees it, and which files are none."""

import json

import pytest

from app.pdp.errors import BundleError
from app.pdp.model import Entity
from tests.pdp.shop import stocked

FRUIT = {"type": "fruit", "id": "apple-1", "properties": {"ripe": True}}
GROCER = {"type": "grocer", "id": "g-1"}


def registered(directory, **tenants):
    return stocked(directory, {"data/directory.json": json.dumps(tenants)})


def test_entities_are_found_by_type_in_the_order_of_the_file(tmp_path):
    pear = FRUIT | {"id": "pear-1"}
    bundle = registered(tmp_path, default={"subjects": [GROCER], "resources": [pear, FRUIT]}, other={})
    found = bundle.directories["default"]
    assert found.subjects == {"grocer": (Entity(type="grocer", id="g-1", properties={}),)}
    assert [each.id for each in found.resources["fruit"]] == ["pear-1", "apple-1"]
    assert (bundle.directories["other"].subjects, bundle.directories["other"].resources) == ({}, {})


def test_no_policy_sees_it(tmp_path):
    bundle = registered(tmp_path, default={"subjects": [GROCER]})
    assert "directory" not in json.loads(bundle.data)
    assert "data/directory.json" in bundle.files


def test_there_may_be_none(tmp_path):
    assert stocked(tmp_path).directories == {}


WRONG = {
    "a tenant that cannot be": ({"De fault": {}}, "a tenant is named by"),
    "a tenant that is a list": ({"default": []}, "write {`subjects`"),
    "another member": ({"default": {"people": []}}, "write {`subjects`"),
    "subjects that are no list": ({"default": {"subjects": {}}}, "`subjects` must be a list"),
    "a subject that is text": ({"default": {"subjects": ["g-1"]}}, "`subject` must be an object"),
    "a resource without an id": ({"default": {"resources": [{"type": "fruit"}]}}, "`resource/id` is missing"),
    "a subject twice": ({"default": {"subjects": [GROCER, GROCER]}}, "`subjects/1` is registered already"),
}


@pytest.mark.parametrize(("value", "said"), WRONG.values(), ids=WRONG)
def test_is_no_directory(tmp_path, value, said):
    with pytest.raises(BundleError) as refused:
        stocked(tmp_path, {"data/directory.json": json.dumps(value)})
    assert str(refused.value).startswith("data/directory.json:1:")
    assert said in str(refused.value)
    assert "g-1" not in str(refused.value)
