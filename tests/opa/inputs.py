"""Inputs for both engines: the cases, and a thousand made for each contract, the same each time."""

import json

from app.pdp import contract_inputs
from app.pdp.strict_json import encode

COUNT = 1_000


def cases(policies, action):
    """Return the cases of an action that reach its policy, because they keep its contract."""
    contract = policies.bundle.actions[action].contract
    return [case for case in policies.cases[action] if not contract.check(case)]


def inputs(policies, action):
    """Yield `COUNT` documents that the contract of `action` holds for; see `contract_inputs.inputs`."""
    entries = json.loads(policies.bundle.snapshot())["entries"]
    files = entries[f"data.{action}.decision"]
    return contract_inputs.inputs(policies.bundle, action, files, cases(policies, action), COUNT)


def text_of(policies, document):
    """Return what the engine is given of a document."""
    contract = policies.bundle.actions[document["action"]["name"]].contract
    return encode(contract.prune(document)).decode()
