"""Every kind of corruption happens, and a document that is corrupted stays as it was."""

import copy

from app.pdp.contract_inputs import ContractInputs
from app.pdp.corruption import changes
from tests.pdp.machines import policy
from tests.pdp.shop import asked, stocked

FACTS = {
    "name": "Ab",
    "due": "2026-11-22T14:00:00Z",
    "tags": ["ab", "b"],
    "sizes": [1, 2],
    "boxes": [{"tag": "AB", "unnamed": ["x"]}],
}


def test_every_kind_of_change_is_made(tmp_path):
    bundle = stocked(tmp_path, policy("input.resource.properties.ripe == true"))
    document = asked(**FACTS, unnamed="a", time="2026-11-22", more=[], many=3, grams=10)
    document["resource"]["properties"]["kind"] = None
    before = copy.deepcopy(document)
    schema = bundle.actions["shop.sell"].contract.schema
    made = list(changes(document, schema, ContractInputs(bundle).generator("shop.sell")))
    kinds = {change.kind for change in made}
    assert kinds == {
        *("absent", "null", "type", "empty", "flip", "number", "text", "time"),
        *("alias", "repeated", "reordered", "shorter", "longer"),
    }
    assert "resource/properties/tags/*" in {change.place for change in made}
    assert all(change.apply(document) is not document for change in made)
    assert document == before
