from hypothesis import given
from hypothesis import strategies as st

from app.privacy.detection.detector import Lanes, disjoint
from app.privacy.detection.finding import Finding, Lane


def finding(start, end, kind="A", score=0.5):
    return Finding(start=start, end=end, kind=kind, score=score, lane=Lane.PATTERNS)


def spans(found):
    return [(each.start, each.end, each.kind) for each in found]


TEXT = "0123456789abcdefghij"


def test_the_surer_wins_and_the_longer_of_equals():
    assert spans(disjoint([finding(0, 5), finding(0, 5, "B", 0.9)], TEXT)) == [(0, 5, "B")]
    assert spans(disjoint([finding(2, 5), finding(0, 8, "B")], TEXT)) == [(0, 8, "B")]


def test_what_the_winner_leaves_is_kept():
    found = disjoint([finding(0, 20), finding(5, 8, "B", 0.9), finding(10, 12, "C", 0.8)], TEXT)
    assert spans(found) == [(0, 5, "A"), (5, 8, "B"), (8, 10, "A"), (10, 12, "C"), (12, 20, "A")]


def test_marks_and_single_letters_are_no_rest():
    assert spans(disjoint([finding(0, 10), finding(3, 6, "B", 0.9)], "(a)xyz, cd")) == [(3, 6, "B"), (8, 10, "A")]


@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(1, 8), st.sampled_from("ABC"), st.sampled_from([0.4, 0.7, 1.0])))
)
def test_findings_end_up_disjoint_and_cover_what_they_did(given_spans):
    found = [finding(start, min(20, start + size), kind, score) for start, size, kind, score in given_spans]
    left = disjoint(found, TEXT)
    edges = [edge for each in left for edge in (each.start, each.end)]
    assert edges == sorted(edges)
    covered = {place for each in left for place in range(each.start, each.end)}
    before = {place for each in found for place in range(each.start, each.end)}
    assert covered <= before
    assert len(before - covered) <= len(found) * 2


def test_two_lanes_are_one_detector():
    class Always:
        def __init__(self, each):
            self.each = each

        def find(self, _text, *, language="en"):
            return (self.each,) if language == "en" else ()

    both = Lanes((Always(finding(0, 2)), Always(finding(1, 4, "B", 0.9))))
    assert spans(both.find(TEXT)) == [(1, 4, "B")]
    assert both.find(TEXT, language="de") == ()
