"""A sample follows from what it is for and from the population alone; nobody can steer it, and anybody can draw it."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks import sampling
from frameworks.sampling import SampleError, draw, seed, size

HASH = sha256(b"population").hexdigest()
ROWS = [(f"018f000000000000000{n % 3}-{n}", f"2026-01-{n % 28 + 1:02}T00:00:00.000000Z") for n in range(200)]
ASKED = {"size": 25, "engagement": "2026 type II", "control": "access-review", "population_sha256": HASH}

positions = st.tuples(st.sampled_from(["a" * 20, "b" * 20]), st.integers(0, 500)).map(
    lambda each: f"{each[0]}-{each[1]}"
)
rows = st.dictionaries(positions, st.integers(0, 99), min_size=1, max_size=30).map(
    lambda found: [(position, f"2026-01-01T00:00:{time:02}.000000Z") for position, time in found.items()]
)
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


def again(found, k, engagement, control, digest):
    """Draw a sample as docs/frameworks.md says, written from that page alone."""
    key = sha256(f"{engagement}|{control}|{digest}".encode()).digest()
    rest = sorted(found, key=lambda row: (row[1], row[0].split("-")[0], int(row[0].split("-")[1])))
    total = len(rest)
    if total <= k:
        return [row[0] for row in rest]
    out = []
    edges = [i * total // k for i in range(k + 1)]
    for i in range(k):
        part = rest[edges[i] : edges[i + 1]]
        j = 0
        while True:
            x = int(sha256(key + i.to_bytes(8) + j.to_bytes(8)).hexdigest(), 16)
            if x < 2**256 - 2**256 % len(part):
                break
            j += 1
        out.append(part[x % len(part)][0])
    return out


@settings(max_examples=30)
@given(rows, st.integers(1, 40), names, names, st.binary(max_size=4))
def test_whoever_reads_the_page_draws_the_same(found, k, engagement, control, data):
    digest = sha256(data).hexdigest()
    drawn = draw(found, size=k, engagement=engagement, control=control, population_sha256=digest)
    assert drawn == again(found, k, engagement, control, digest)
    assert len(drawn) == len(set(drawn)) == min(k, len(found))
    assert set(drawn) <= {position for position, _ in found}


@settings(max_examples=30)
@given(rows, st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_given_does_not_matter(found, k, chance):
    shuffled = list(found)
    chance.shuffle(shuffled)
    asked = {"size": k, "engagement": "e", "control": "c", "population_sha256": HASH}
    assert draw(shuffled, **asked) == draw(found, **asked)


purposes = st.tuples(names, names, st.binary(max_size=4).map(lambda data: sha256(data).hexdigest()))


@given(purposes, purposes)
def test_whatever_is_changed_changes_the_seed(one, two):
    assert (seed(*one) == seed(*two)) is (one == two)


@settings(max_examples=30)
@given(rows.filter(lambda found: len(found) > 5))
def test_each_part_of_the_period_gives_one(found):
    ordered = sorted(found, key=lambda row: (row[1], row[0].split("-")[0], int(row[0].split("-")[1])))
    places = [[row[0] for row in ordered].index(each) for each in draw(found, **{**ASKED, "size": 5})]
    edges = [number * len(found) // 5 for number in range(6)]
    assert all(begin <= place < end for begin, place, end in zip(edges, places, edges[1:], strict=False))


def test_each_row_is_as_likely_as_another():
    counts = dict.fromkeys(range(7), 0)
    for number in range(2000):
        counts[sampling._below(7, seed("e", f"c{number}", HASH), 0)] += 1
    assert all(abs(count - 2000 / 7) < 75 for count in counts.values())


def test_what_would_favour_some_rows_is_thrown_away(monkeypatch):
    numbers = [2**256 - 1, 2**256 - 2, 5]
    monkeypatch.setattr(sampling, "_numbers", lambda _start, _stratum: iter(numbers))
    assert sampling._below(2**255 + 1, b"", 0) == 5
    assert sampling._below(2, b"", 0) == 1


def test_a_sample_is_this_one():
    """Changed arithmetic changes samples that auditors have drawn: this must stay."""
    assert seed("2026 type II", "access-review", HASH).hex()[:16] == "5ac7dab48bf9b6df"
    assert draw(ROWS, **{**ASKED, "size": 3}) == [ROWS[35][0], ROWS[180][0], ROWS[82][0]]


REFUSED = [
    ("a bar in the engagement", {"engagement": "a|b"}),
    ("no control", {"control": ""}),
    ("a line break in the control", {"control": "a\nb"}),
    ("a hash that is none", {"population_sha256": "A" * 64}),
    ("no row wanted", {"size": 0}),
]


@pytest.mark.parametrize("more", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_it_is_for_has_to_be_said(more):
    with pytest.raises(SampleError):
        draw(ROWS, **ASKED | more)


@pytest.mark.parametrize(
    "found",
    [[*ROWS, ROWS[0]], [("x", ROWS[0][1])], [("-1", ROWS[0][1])], [("a-b", ROWS[0][1])]],
    ids=["a position twice", "no number", "no chain", "a number that is none"],
)
def test_rows_have_positions_of_their_own(found):
    with pytest.raises(SampleError):
        draw(found, **ASKED)


@pytest.mark.parametrize(
    ("frequency", "count", "wanted"),
    [
        ("year", 5, 1), ("quarter", 4, 2), ("month", 12, 2), ("week", 52, 5), ("day", 365, 25), ("hour", 8760, 40),
        ("day", 7, 7), ("event", 0, 0), ("event", 10, 10), ("event", 11, 8), ("event", 50, 8), ("event", 51, 15),
        ("event", 250, 15), ("event", 251, 25), ("event", 1000, 25), ("event", 1001, 40),
    ],
)  # fmt: skip
def test_how_many_follows_from_how_often(frequency, count, wanted):
    assert size(frequency, count) == wanted


def test_an_unknown_frequency_has_no_size():
    with pytest.raises(SampleError):
        size("sometimes", 3)


def test_another_population_is_another_sample():
    one = draw(ROWS, **ASKED)
    drawn = {tuple(draw(ROWS, **{**ASKED, "population_sha256": sha256(bytes([n])).hexdigest()})) for n in range(20)}
    assert len(drawn | {tuple(one)}) == 21
