"""Others in what somebody gets of themselves: taken out of longer texts, and the person's own left as it is."""

import re

from app.features.dsr.running.third_parties import NameDetector, NoDetector, PatternDetector, own_values, without_others
from app.privacy.detection.finding import Finding
from app.privacy.detection.finding import Lane as Lanes
from app.privacy.stores.store import Item
from tests.privacy.stores.people import person

_MAIL = re.compile(r"[\w.]+@[\w.]+\w|Paris")


class Mails:
    """Finds e-mail addresses, and one place."""

    def find(self, text):
        return tuple(
            Finding(
                start=found.start(),
                end=found.end(),
                kind="LOCATION" if found[0] == "Paris" else "EMAIL",
                score=1.0,
                lane=Lanes.PATTERNS,
            )
            for found in _MAIL.finditer(text)
        )


def cleared(content, *more):
    item = Item(place="notes/1", category="content", content=content)
    own = own_values(person(), [item, *more])
    made, count = without_others(item, own, Mails())
    assert (made.place, made.category) == ("notes/1", "content")
    return made.content, count


def test_who_is_somebody_else_is_taken_out():
    said = {"text": "Alice@Example.com wrote to bob@example.com from Paris", "n": 7, "list": ["ask bob@example.com"]}
    assert cleared(said) == (
        {
            "text": "Alice@Example.com wrote to [email of somebody else] from Paris",
            "n": 7,
            "list": ["ask [email of somebody else]"],
        },
        2,
    )


def test_what_stands_alone_in_a_field_is_the_persons_own_everywhere():
    other = Item(place="crm/1", category="contact", content={"second_email": "a.l@example.org"})
    assert cleared({"text": "reach me at a.l@example.org", "second_email": "a.l@example.org"}) == (
        {"text": "reach me at a.l@example.org", "second_email": "a.l@example.org"},
        0,
    )
    assert cleared("reach me at a.l@example.org", other) == ("reach me at a.l@example.org", 0)


class Lane:
    """Finds words with a capital, each language its own."""

    def __init__(self):
        self.closed = 0

    def find(self, body, language):
        (text,) = body.values()
        letters = {"en": "AB", "de": "BC"}[language]
        found = re.finditer(rf"\b[{letters}]\w+(?: [{letters}]\w+)*", text)
        return tuple(
            Finding(start=each.start(), end=each.end(), kind="PERSON", score=0.8, lane=Lanes.NAMES) for each in found
        )

    def close(self):
        self.closed += 1


def test_a_name_is_the_persons_own_by_its_words():
    content = {
        "full_name": "Alice Liddell",
        "text": "Alice asked Bob and Carla; Alice Brown was away",
        "contact": {"name": "Bob Brown"},
    }
    item = Item(place="notes/1", category="content", content=content)
    detector = NameDetector(Lane(), ("en", "de"))
    made, count = without_others(item, own_values(person(), [item]), detector)
    other = "[person of somebody else]"
    assert made.content["text"] == f"Alice asked {other} and {other}; {other} was away"
    assert (count, made.content["contact"]) == (3, {"name": "Bob Brown"})
    assert detector.find("- / -") == ()


def test_who_looks_for_names_lets_go_of_the_process():
    lane = Lane()
    detector = NameDetector(lane, ("en",))
    assert detector.names
    assert not NoDetector.names
    detector.rest()
    assert lane.closed == 1


def test_patterns_are_loaded_once_and_late():
    loaded = []

    class Nothing:
        def find(self, text, *, language="en"):
            assert (bool(text), language) == (True, "en")
            return ()

    def load():
        loaded.append(1)
        return Nothing()

    late = PatternDetector(load)
    assert loaded == []
    assert late.find("bob@example.com") == late.find("x") == NoDetector().find("x") == ()
    assert loaded == [1]
    late.rest()
    NoDetector().rest()
