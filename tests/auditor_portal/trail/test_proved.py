"""What is checked of the objects of a store as they are read: each check, and each way in which one fails."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from auditor_portal.trail.anchored import delay
from auditor_portal.trail.checks import Outcome, worst
from evidence.checkpoint import Checkpoint
from evidence.errors import FindingError, StoreError
from evidence.segment import Seal
from tests.auditor_portal.trail.trails import WITNESSED, busy
from tests.evidence.logs import SECOND_SIGNER, WITNESS, Signer

HOLDS, BROKEN, UNCHECKED = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNCHECKED
HEAD = "log/checkpoints/000000000001.note"


@pytest.fixture
def trail():
    return busy()


def outcomes(shown):
    return [each.outcome for each in shown.checks]


def test_a_checkpoint_that_holds(trail):
    shown = trail.proved().checkpoint(1)
    assert isinstance(shown.found, Checkpoint)
    assert (shown.found.size, shown.data, outcomes(shown)) == (10, trail.log.objects[HEAD], [HOLDS, HOLDS])
    assert str(shown.signer) == trail.log.signer.key_file.decode().strip()
    leaves, check = trail.proved().leaves(1)
    assert (len(leaves), check.outcome) == (8, HOLDS)
    assert trail.proved().root(shown.found, trail.reader()).outcome is HOLDS


def test_a_checkpoint_that_does_not_hold_says_why(trail):
    assert trail.proved().checkpoint(7).checks[0].said == "missing: was listed and is gone"
    trail.damage(HEAD, b"nothing\n")
    shown = trail.proved().checkpoint(1)
    assert (shown.found, outcomes(shown)) == (None, [BROKEN])
    text = trail.log.checkpoint_text()
    trail.damage(HEAD, SECOND_SIGNER.note(text))
    shown = trail.proved().checkpoint(1)
    assert (shown.found.size, shown.signer, outcomes(shown)) == (10, None, [HOLDS, BROKEN])
    trail.damage("log/leaves/000000000001.txt", b"x\n")
    leaves, check = trail.proved().leaves(1)
    assert (leaves, check.said) == ((), "malformed-leaves: not a leaf")


def test_a_root_is_computed_here(trail):
    found = trail.proved().checkpoint(1).found
    lies = Checkpoint(origin=found.origin, size=found.size, root=bytes(32))
    assert trail.proved().root(lies, trail.reader()).said.startswith("the store's seals have ")
    more = Checkpoint(origin=found.origin, size=99, root=found.root)
    assert trail.proved().root(more, trail.reader()).said == "bad-proof: a tree of 10 has no first 99 leaves"
    trail.damage("log/leaves/000000000001.txt", None)
    assert trail.proved().root(found, trail.reader()).said.startswith("not-found: ")


def test_anchors_are_checked_as_far_as_somebody_is_trusted(trail):
    trail.stamp(0)
    trail.log.cosign(1)
    trail.store_all()
    alone = trail.proved().anchors(0, 1)
    assert {number: [each.check.outcome for each in found] for number, found in alone.items()} == {
        0: [UNCHECKED],
        1: [UNCHECKED],
    }
    assert alone[0][0].check.said == "by whom: no certificates are set here"
    known = trail.proved(WITNESSED).anchors(1, 1)[1][0]
    assert (known.kind, known.name, known.check.outcome) == ("cosignature", WITNESS.origin, HOLDS)
    assert known.time == "2026-11-22T10:48:20.000000Z"
    assert trail.proved().anchors(0, 0).keys() == {0}
    assert trail.proved(WITNESSED).anchors(5, 9) == {}
    assert delay("2026-11-22T10:48:00.000000Z", known.time) == 20


def test_anchors_that_do_not_hold_say_why(trail):
    trail.stamp(1, imprint=bytes(32))
    trail.log.cosign(0, witness=Signer(origin=WITNESS.origin, seed=b"\x0b" * 32))
    line = trail.log.cosign(1)
    trail.log.objects[line] = trail.log.objects[line][:40] + b"\n"
    trail.log.objects["log/timestamps/stranger"] = b"x"
    trail.log.objects["log/timestamps/000000000000.tsr"] = b"x"
    trail.store_all()
    found = trail.proved(WITNESSED).anchors(0, 1)
    stamped, strange = found[0]
    assert stamped.check.said == "malformed-anchor: an element of a time stamp is missing"
    assert (strange.check.outcome, strange.check.said) == (UNCHECKED, "its key is not set here")
    other, broken = found[1]
    assert other.check.said == "bad-anchor: is over other bytes than the checkpoint's"
    assert (broken.check.outcome, broken.name, broken.time) == (BROKEN, "", None)


def test_the_newest_anchor_is_found_wherever_it_lies(trail):
    assert trail.proved().newest_anchors(1) == (None, None)
    trail.stamp(0)
    trail.log.cosign(0)
    trail.log.cosign(0, witness=Signer(origin=WITNESS.origin, seed=b"\xf1" * 32))
    trail.store_all()
    stamped, cosigned = trail.proved(WITNESSED).newest_anchors(70)
    assert (stamped.number, stamped.key) == (0, "log/timestamps/000000000000.tsr")
    assert (cosigned.number, cosigned.check.outcome) == (0, HOLDS)  # the one that is known, whatever the other's name


def test_a_seal_that_holds(trail):
    log = trail.proved()
    shown = log.seal(trail.a.id, 7)
    assert isinstance(shown.found, Seal)
    assert (shown.found.count, outcomes(shown), worst(shown.checks)) == (2, [HOLDS] * 3, HOLDS)
    assert [each.what for each in log.seal(trail.a.id, 0).checks][1] == "it is the first of its chain"
    assert [each.what for each in log.seal(trail.a.id, 1).checks][2] == "a heartbeat: it seals no records"


def test_a_seal_that_does_not_hold_says_why(trail):
    a = trail.a
    assert trail.proved().seal(a.id, 8).checks[0].said == "seal-gap: was listed and is gone"
    segment = a.segment_key(7)
    trail.damage(segment, trail.log.objects[segment].replace(b"1.0", b"1.1") + b"\n")
    assert outcomes(trail.proved().seal(a.id, 7)) == [HOLDS, HOLDS, BROKEN]
    trail.damage(segment, None)
    gone = trail.proved().seal(a.id, 7).checks[2]
    assert (gone.outcome, gone.said) == (BROKEN, "missing-segment: was listed and is gone")
    trail.later(timedelta(days=2_600))
    expired = trail.proved().seal(a.id, 7).checks[2]
    assert (expired.outcome, expired.said) == (UNCHECKED, "its time is over, and its records may be deleted")
    trail.damage(a.seal_key(6), None)
    assert trail.proved().seal(a.id, 7).checks[1].said == "the one before: seal-gap: was listed and is gone"
    trail.damage(a.seal_key(3), trail.log.objects[a.seal_key(4)])
    assert trail.proved().seal(a.id, 3).checks[0].said.startswith("misplaced-seal")
    trail.damage(a.seal_key(5), SECOND_SIGNER.note("x\n"))
    assert worst(trail.proved().seal(a.id, 5).checks) is BROKEN


def test_a_seal_that_continues_another_one_is_broken(trail):
    trail.a.previous = "0" * 64
    trail.records(1)
    trail.publish()
    assert outcomes(trail.proved().seal(trail.a.id, 8)) == [HOLDS, BROKEN, HOLDS]


def test_keys_come_with_their_statements(trail):
    log = trail.proved()
    assert [str(each) for each in log.history().keys] == [trail.log.signer.key_file.decode().strip()]
    key = trail.log.rotate(SECOND_SIGNER)
    trail.records(1)
    trail.publish()
    assert len(log.history().keys) == 2
    assert log.statement(key) == trail.log.objects[key]
    assert log.checkpoint(2).signer.id == SECOND_SIGNER.key_id
    assert log.checkpoint(1).signer.id == log.history().keys[0].id
    with pytest.raises(FindingError, match="key-gap"):
        log.statement("log/keys/000000000009.note")


def test_a_store_that_does_not_answer_is_an_error(trail):
    class Away:
        def get(self, key, *, limit=0):  # noqa: ARG002
            raise StoreError("away")

        def keys(self, prefix="", after="") -> Iterator[str]:  # noqa: ARG002
            raise StoreError("away")

    trail.store = Away()
    log = trail.proved()
    for ask in (lambda: log.checkpoint(0), lambda: log.seal("0" * 20, 0), lambda: log.anchors(0, 1), log.history):
        with pytest.raises(StoreError):
            ask()
    assert log.store is trail.store
