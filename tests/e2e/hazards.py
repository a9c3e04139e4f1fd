"""Policies that do harm when a fact says so: one takes ever longer, one takes ever more memory."""

import json
import shutil

from tests.pdp.evaluating import ROOT

MODULE = """package hazard.{verb}

import rego.v1

import data.lib.gates

required := {{"done"}}

{rules}
decision := gates.decision("hazard.{verb}", required, passed, [])
"""

SPIN = """chosen := {i | some i in data.steps.list; i <= input.resource.properties.weight}

# METADATA
# title: the work is done
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC7.2]}
passed contains "done" if count({1 | some i in chosen; some j in chosen; some k in chosen; i + j + k < 0}) == 0
"""

SWELL = """s0 := data.steps.seeds[format_int(input.resource.properties.weight, 10)]

{doublings}
# METADATA
# title: the work is done
# custom: {{severity: low, enforcement: blocking, controls: [soc2/CC7.2]}}
passed contains "done" if count(s{last}) >= 0
"""
LAST = 31  # doublings: 2 GiB of what was one byte
DOUBLINGS = "".join(f's{n} := concat("", [s{n - 1}, s{n - 1}])\n\n' for n in range(1, LAST + 1))

TEST = """package hazard.{verb}_test

import rego.v1

import data.hazard.{verb}

light := {{"resource": {{"properties": {{"weight": 0}}}}}}

test_a_light_one_is_done if {verb}.decision.allow == true with input as light
"""

WEIGHT = {"type": "integer", "minimum": 0, "maximum": 1000}
CONTRACT = {
    "type": "object",
    "required": ["subject", "resource"],
    "properties": {
        "subject": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["service"]}, "properties": {"type": "object", "properties": {}}},
        },
        "resource": {
            "type": "object",
            "required": ["type", "properties"],
            "properties": {
                "type": {"const": "task"},
                "properties": {"type": "object", "required": ["weight"], "properties": {"weight": WEIGHT}},
            },
        },
        "context": {"type": "object", "properties": {}},
    },
}


def policies(directory):
    """Copy the policies of the project to `directory` and add the two hazards."""
    return spoiled(shutil.copytree(ROOT / "policies", directory))


def spoiled(directory):
    """Add the two hazards to the policies in `directory`."""
    folder = directory / "rego" / "hazard"
    folder.mkdir()
    for verb, rules in (("spin", SPIN), ("swell", SWELL.format(doublings=DOUBLINGS, last=LAST))):
        (folder / f"{verb}.rego").write_text(MODULE.format(verb=verb, rules=rules))
        (folder / f"{verb}_test.rego").write_text(TEST.format(verb=verb))
        (folder / f"{verb}.schema.json").write_text(json.dumps(CONTRACT))
    steps = {"list": list(range(1, 1_001)), "seeds": {"0": "", "1": "x"}}
    (directory / "data" / "steps.json").write_text(json.dumps(steps))
    callers = directory / "data" / "callers.json"
    table = json.loads(callers.read_text())
    table["marketplace"]["actions"].append("hazard.*")
    table["marketplace"]["subject_types"] = ["service", *table["marketplace"]["subject_types"]]
    callers.write_text(json.dumps(table))
    return directory


def task(tag, verb, weight):
    """Return a question about a task: light with weight 0, and otherwise more than an evaluator can bear."""
    asked = {
        "subject": {"type": "service", "id": "worker-1"},
        "action": {"name": f"hazard.{verb}"},
        "resource": {"type": "task", "id": "t-1", "properties": {"weight": weight}},
    }
    return tag, json.dumps(asked).encode()
