"""Seeds: what changes the records of a clean year before they are written, so that not all was as it should be."""

from copy import deepcopy
from dataclasses import replace

from tests.frameworks.rows import person
from tests.frameworks.year import did, on


def slips(action, gate, **more):
    """Something was allowed although a gate failed, because somebody had set it to be merely watched."""
    violation = {"id": gate, "message": "m", "severity": "high", "enforcement": "monitoring", "controls": []}
    return adds(did(action, on(341.5), failed=[gate], violations=[violation], **more))


def adds(*new):
    """Something more was recorded, in the order of times."""
    return lambda entries: sorted([*entries, *new], key=lambda entry: entry.at)


def lacks(wanted):
    """Nothing was recorded of what is `wanted`."""
    return lambda entries: [each for each in entries if not wanted(each)]


def turns(wanted, change):
    """The first of what is `wanted` was recorded otherwise: `change` returns what was recorded in its place."""

    def changed(entries):
        at = next(number for number, each in enumerate(entries) if wanted(each))
        found = change(replace(entries[at], body=deepcopy(entries[at].body)))
        return sorted([*entries[:at], found, *entries[at + 1 :]], key=lambda each: each.at)

    return changed


def later(span):
    """Return what records something later."""
    return lambda entry: replace(entry, at=entry.at + span)


def by(who):
    """Return what records something as done by somebody else."""
    return lambda entry: replace(entry, body={**entry.body, "subject": {"type": "officer", "ref": person(who)}})


def says(members):
    """Return what records something with other members."""
    return lambda entry: replace(entry, body=entry.body | members)


def results_in(members):
    """Return what records a decision with another result."""
    return lambda entry: replace(entry, body={**entry.body, "result": entry.body["result"] | members})


def which(action, about=None, who=None):
    """Return what tells whether an entry is this decision, about this resource, of this person, if they are said."""

    def tells(entry):
        if entry.action != action or about not in {None, entry.about}:
            return False
        return who is None or entry.body["subject"]["ref"] == person(who)

    return tells


def between(first, last, wanted):
    """Return what tells whether an entry is wanted and lies between two days."""
    return lambda entry: wanted(entry) and on(first) <= entry.at < on(last)


def many(count, entry, step):
    """Return as many of an entry, one step after the other."""
    return adds(*(replace(entry, at=entry.at + number * step) for number in range(count)))


def of(kind):
    """Return what tells whether an entry is of a type."""
    return lambda entry: entry.kind == kind


def together(*seeds):
    """Return several seeds as one."""

    def seeded(entries):
        for seed in seeds:
            entries = seed(entries)
        return entries

    return seeded
