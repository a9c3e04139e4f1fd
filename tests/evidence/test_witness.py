import base64
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.authority import Answer
from evidence.checkpoint import Checkpoint
from evidence.cosignature import WitnessSigner, verify
from evidence.errors import (
    AnchorError,
    AuthorityError,
    EvidenceError,
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    UnknownLogError,
    UntrustedLogError,
    WitnessConflictError,
)
from evidence.note import Note
from evidence.tree import consistency_proof
from evidence.witness import MAX_REQUEST, AddCheckpoint, judge, nothing_seen, submit
from tests.evidence.growing import NOW, WITNESS, FakeWitness, GrowingLog, verifier
from tests.evidence.logs import Signer, root

# tlog-witness, the example of a request in the specification
EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()  # noqa: E501
HASH = base64.b64encode(bytes(32)).decode()
NOTHING = nothing_seen("log.example/omega")
INTRUDER = Signer(seed=b"\x08" * 32)


@pytest.fixture(scope="module")
def grown():
    return GrowingLog(3, 4, 5)


def note(log, size, *, signer=None, root_hash=None, extension=""):
    """A checkpoint of any size that the log has had, signed."""
    signer = signer or log.log.signer
    encoded = base64.b64encode(root(log.log.leaves[:size]) if root_hash is None else root_hash).decode()
    return signer.note(f"{signer.origin}\n{size}\n{encoded}\n{extension}")


def head(log, size):
    return Checkpoint(origin=log.key.origin, size=size, root=root(log.log.leaves[:size]))


def proof(log, old_size, size):
    return consistency_proof(log.log.leaves[:size], old_size)


def judged(log, request, seen, keys=None):
    return judge(request, [log.key] if keys is None else keys, seen, Note.parse(request.note))


def test_the_example_of_the_specification():
    request = AddCheckpoint.parse(EXAMPLE)
    assert (request.old_size, len(request.proof)) == (20852014, 4)
    assert request.note.startswith(b"example.com/behind-the-sofa\n20852163\n")
    assert request.format() == EXAMPLE


def test_without_a_proof_there_is_an_empty_line_still():
    request = AddCheckpoint(old_size=0, proof=(), note=b"text\n")
    assert request.format() == b"old 0\n\ntext\n"
    assert AddCheckpoint.parse(request.format()) == request


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"old 0\ntext",
        b"old 01\n\ntext\n",
        b"old -1\n\ntext\n",
        b"old \n\ntext\n",
        b"old 9007199254740992\n\ntext\n",
        b"OLD 0\n\ntext\n",
        b"old 0\r\n\r\ntext\n",
        b"old 0\nAAAA\n\ntext\n",
        f"old 3\n{HASH[:-1]}\n\ntext\n".encode(),
        b"old 0\n\xff\n\ntext\n",
        b"old 3\n" + f"{HASH}\n".encode() * 64 + b"\ntext\n",
        b"old 0\n\n" + bytes(MAX_REQUEST),
    ],
    ids=[
        "empty",
        "no checkpoint",
        "no empty line",
        "a leading zero",
        "a sign",
        "no size",
        "a size too large",
        "capitals",
        "carriage returns",
        "a short hash",
        "no padding",
        "not ASCII",
        "64 hashes",
        "too large",
    ],
)
def test_what_is_no_request(data):
    with pytest.raises(MalformedError):
        AddCheckpoint.parse(data)


def test_63_hashes_are_a_request():
    data = b"old 3\n" + f"{HASH}\n".encode() * 63 + b"\ntext\n"
    assert len(AddCheckpoint.parse(data).proof) == 63


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=300), st.sampled_from([b"", b"old 0\n", f"old 7\n{HASH}\n".encode()]))
def test_no_request_raises_another_error(data, start):
    with suppress(MalformedError):
        AddCheckpoint.parse(start + data)


@pytest.mark.parametrize(("old_size", "size"), [(0, 3), (0, 12), (3, 7), (3, 12), (7, 12), (12, 12), (4, 5)])
def test_a_tree_that_grew_is_cosigned(grown, old_size, size):
    steps = proof(grown, old_size, size) if old_size else ()
    request = AddCheckpoint(old_size=old_size, proof=steps, note=note(grown, size))
    assert judged(grown, request, head(grown, old_size)) == head(grown, size)


def test_the_empty_tree_can_be_cosigned_and_no_other_of_its_size(grown):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 0))
    assert judged(grown, request, NOTHING) == NOTHING
    with pytest.raises(ForkedLogError):
        judged(grown, AddCheckpoint(old_size=0, proof=(), note=note(grown, 0, root_hash=bytes(32))), NOTHING)


def test_extension_lines_of_other_logs_are_allowed(grown):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 3, extension="more\nlines\n"))
    assert judged(grown, request, NOTHING).size == 3
    with pytest.raises(MalformedError, match="extension"):
        judged(grown, AddCheckpoint(old_size=0, proof=(), note=note(grown, 3, extension="\nmore\n")), NOTHING)


def test_any_key_that_is_trusted_will_do_and_other_signatures_are_ignored(grown):
    keys = [verifier(INTRUDER), grown.key]
    both = note(grown, 3) + INTRUDER.signature_line(Note.parse(note(grown, 3)).text).encode()
    for signed in (note(grown, 3), both):
        assert judged(grown, AddCheckpoint(old_size=0, proof=(), note=signed), NOTHING, keys).size == 3


@pytest.mark.parametrize(
    ("old_size", "size", "seen", "error"),
    [
        (7, 3, 7, MalformedError),
        (7, 3, 3, MalformedError),
        (3, 7, 0, WitnessConflictError),
        (0, 7, 3, WitnessConflictError),
        (3, 7, 12, WitnessConflictError),
        (0, 3, 12, WitnessConflictError),
    ],
    ids=[
        "an old size beyond the checkpoint",
        "the same, and not what was seen",
        "from a size never seen",
        "from nothing, though something was seen",
        "from an earlier size",
        "a rollback, as if for the first time",
    ],
)
def test_sizes_that_do_not_fit(grown, old_size, size, seen, error):
    steps = proof(grown, old_size, size) if 0 < old_size < size else ()
    with pytest.raises(error) as raised:
        judged(grown, AddCheckpoint(old_size=old_size, proof=steps, note=note(grown, size)), head(grown, seen))
    if error is WitnessConflictError:
        assert raised.value.size == seen


@pytest.mark.parametrize(
    "change",
    [
        lambda _: (),
        lambda steps: steps[:-1],
        lambda steps: (*steps, bytes(32)),
        lambda steps: (bytes(32), *steps[1:]),
        lambda steps: steps[::-1],
    ],
    ids=["none", "one too few", "one too many", "another hash", "backwards"],
)
def test_a_proof_that_does_not_hold(grown, change):
    steps = change(proof(grown, 3, 12))
    with pytest.raises(InconsistentLogError):
        judged(grown, AddCheckpoint(old_size=3, proof=steps, note=note(grown, 12)), head(grown, 3))


def test_a_proof_where_none_is_needed(grown):
    with pytest.raises(InconsistentLogError):
        judged(grown, AddCheckpoint(old_size=0, proof=(bytes(32),), note=note(grown, 3)), NOTHING)


def test_another_history_of_the_same_size(grown):
    forged = note(grown, 7, root_hash=b"\x01" * 32)
    with pytest.raises(ForkedLogError):
        judged(grown, AddCheckpoint(old_size=7, proof=(), note=forged), head(grown, 7))


def test_another_history_that_goes_on(grown):
    other = GrowingLog(7, 5, start=NOW + timedelta(days=1))
    request = AddCheckpoint(old_size=7, proof=proof(other, 7, 12), note=note(other, 12))
    assert judged(other, request, head(other, 7)) == head(other, 12)
    with pytest.raises(InconsistentLogError):
        judged(other, request, head(grown, 7))


def test_a_signature_of_nobody_that_is_trusted(grown):
    for signed in (note(grown, 3, signer=INTRUDER), note(grown, 3).replace(b"\n3\n", b"\n4\n")):
        with pytest.raises(UntrustedLogError):
            judged(grown, AddCheckpoint(old_size=0, proof=(), note=signed), NOTHING)


# The log's side


def asking(answer):
    """What stands where `authority.post` would, and keeps the question."""

    def post(url, body, *, content_type, limit):
        post.asked = (url, body, content_type, limit)
        return answer

    return post


def test_a_witness_is_asked_where_it_answers(grown):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 3))
    text = Note.parse(request.note).text
    other = WitnessSigner(name="another", private_key=WITNESS.private_key)
    lines = [other.sign(text, NOW), "— a.type/of-tomorrow AAAAAAAA\n".encode(), WITNESS.sign(text, NOW)]
    post = asking(Answer(status=200, content_type="text/plain", body=b"".join(lines)))
    line = submit(request, "https://w.example/prefix/", WITNESS.key, post)
    assert verify(line, text, WITNESS.key) == NOW
    url, body, content_type, limit = post.asked
    assert url == "https://w.example/prefix/add-checkpoint"
    assert (body, content_type, limit) == (request.format(), "text/plain", 16384)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "error"),
    [
        (403, "", b"", UntrustedLogError),
        (404, "", b"", UnknownLogError),
        (409, "text/x.tlog.size", b"12\n", WitnessConflictError),
        (409, "text/x.tlog.size", b"twelve\n", AuthorityError),
        (409, "text/x.tlog.size", b"\xff", AuthorityError),
        (409, "text/x.tlog.size", b"", AuthorityError),
        (409, "text/plain", b"12\n", ForkedLogError),
        (422, "", b"", InconsistentLogError),
        (400, "", b"", AuthorityError),
        (302, "", b"", AuthorityError),
        (500, "", b"", AuthorityError),
        (200, "", b"", AnchorError),
        (200, "", b"nonsense", AnchorError),
        (200, "", b"\xff\n", AnchorError),
    ],
)
def test_every_other_answer_is_an_error_of_its_own(grown, status, content_type, body, error):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 3))
    post = asking(Answer(status=status, content_type=content_type, body=body))
    with pytest.raises(error) as raised:
        submit(request, "http://w.example", WITNESS.key, post)
    assert type(raised.value) is error
    assert status != 409 or error is not WitnessConflictError or raised.value.size == 12


def test_a_cosignature_over_another_checkpoint_is_none(grown):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 3))
    wrong = WITNESS.sign(Note.parse(note(grown, 7)).text, NOW)
    with pytest.raises(AnchorError, match="did not cosign"):
        submit(request, "http://w.example", WITNESS.key, asking(Answer(status=200, content_type="", body=wrong)))


@settings(deadline=None)  # a busy machine
@given(st.binary(max_size=200), st.sampled_from([200, 409]))
def test_no_answer_raises_another_error(grown, body, status):
    request = AddCheckpoint(old_size=0, proof=(), note=note(grown, 3))
    answer = Answer(status=status, content_type="text/x.tlog.size", body=body)
    with pytest.raises(EvidenceError):
        submit(request, "http://w.example", WITNESS.key, asking(answer))


def test_both_sides_understand_each_other(grown):
    witness, seen = FakeWitness(grown.key), 0
    for size in (3, 7, 12, 12):
        steps = proof(grown, seen, size) if seen else ()
        submit(AddCheckpoint(old_size=seen, proof=steps, note=note(grown, size)), "http://w", WITNESS.key, witness)
        seen = size
    assert witness.seen == head(grown, 12)
