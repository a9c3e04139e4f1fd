"""Tenants with policies of their own, for tests of several modules."""

import json

from tests.pdp.shop import FILES, written


def files(tenant, grams=50, **changes):
    """Return the small policies as `tenant` has them: only what weighs so much is sold."""
    callers = {"marketplace": {"tenant": tenant, "actions": ["shop.*"], "subject_types": ["grocer"]}}
    thresholds = {"shop": {"min_grams": grams, "price": 1}}
    return FILES | {"data/callers.json": json.dumps(callers), "data/thresholds.json": json.dumps(thresholds)} | changes


def listing(path, **tenants):
    """Write the policies of tenants below `path`, and the list that names them; return its file.

    A tenant is its policies' files, or what the list is to say of it where that has other members.
    """
    stated = {}
    for name, each in tenants.items():
        own = any("/" in member for member in each)
        stated[name] = {"policies": f"{name}-policies"} if own else each
        if own:
            written(path / f"{name}-policies", each)
    file = path / "tenants.json"
    file.write_text(json.dumps(stated))
    return file
