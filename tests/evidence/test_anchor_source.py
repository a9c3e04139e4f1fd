import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence import checkpoint, cosignature, timestamp
from evidence.anchor_source import TimestampAnchor, WitnessAnchor
from evidence.authority import Answer
from evidence.cosignature import WitnessSigner
from evidence.errors import AnchorError, AuthorityError, MalformedError, ProofError, WitnessConflictError
from evidence.growth import Growth
from tests.evidence.authority import Authority
from tests.evidence.growing import NOW, WITNESS, FakeWitness, GrowingLog

URL = "http://authority.example/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority") / "a")


class Stamping:
    """Stands where `authority.post` would: answers with `openssl ts`, or as told."""

    def __init__(self, authority, *, status=200, data=None):
        self.authority, self.status, self.data = authority, status, data
        self.asked = []

    def __call__(self, url, body, *, content_type, limit):
        self.asked.append((url, content_type, limit))
        body = self.authority.answer(body) if self.data is None else self.data
        return Answer(status=self.status, content_type="application/timestamp-reply", body=body)


def newest(grown):
    number = grown.log.batches - 1
    note = grown.store.get(f"log/checkpoints/{number:012}.note")
    return note, checkpoint.verify(note, grown.key)


@pytest.mark.parametrize("trusted", [True, False], ids=["with roots", "without"])
def test_a_time_stamp_over_the_bytes_of_a_checkpoint(authority, trusted):
    roots = timestamp.parse_roots(authority.root) if trusted else ()
    post = Stamping(authority)
    anchor = TimestampAnchor(URL, roots, post=post)
    note, head = newest(GrowingLog(3))
    data = anchor.obtain(note, head)
    assert post.asked == [(URL, "application/timestamp-query", 65536)]
    assert authority.check(data, note).returncode == 0
    assert anchor.verify(data, note, head).tzinfo is not None
    with pytest.raises(AnchorError):
        anchor.verify(data, note + b"\n", head)


def test_an_old_answer_is_not_taken_again(authority):
    note, head = newest(GrowingLog(3))
    old = authority.answer(timestamp.request(note).der)
    with pytest.raises(AnchorError, match="another request"):
        TimestampAnchor(URL, post=Stamping(authority, data=old)).obtain(note, head)


def test_an_authority_that_is_not_trusted(authority, tmp_path):
    other = Authority.make(tmp_path / "b")
    note, head = newest(GrowingLog(3))
    anchor = TimestampAnchor(URL, timestamp.parse_roots(other.root), post=Stamping(authority))
    with pytest.raises(AnchorError, match="below the given roots"):
        anchor.obtain(note, head)


def test_answers_that_are_no_time_stamps(authority):
    note, head = newest(GrowingLog(3))
    with pytest.raises(MalformedError):
        TimestampAnchor(URL, post=Stamping(authority, data=b"garbage")).obtain(note, head)
    with pytest.raises(AuthorityError, match="answered 503"):
        TimestampAnchor(URL, post=Stamping(authority, status=503)).obtain(note, head)


def test_keys_of_objects():
    stamps, cosigned = TimestampAnchor(URL), WitnessAnchor(URL, WITNESS.key, Growth(GrowingLog().store))
    identity = WITNESS.key.id.hex()
    assert stamps.key(7) == "log/timestamps/000000000007.tsr"
    assert cosigned.key(7) == f"log/cosignatures/000000000007-{identity}.txt"
    assert stamps.number(stamps.key(7)) == cosigned.number(cosigned.key(7)) == 7
    for key in ("", "log/timestamps/7.tsr", "log/cosignatures/000000000007-00000000.txt", stamps.key(7) + "x"):
        assert stamps.number(key) is None
        assert cosigned.number(key) is None
    assert stamps.key(7).startswith(stamps.prefix)
    assert cosigned.key(7).startswith(cosigned.prefix)
    assert stamps.name == "time stamps"
    assert "witness.example/w1" in cosigned.name


def witnessed(grown, witness):
    anchor = WitnessAnchor("http://w.example", WITNESS.key, Growth(grown.store), post=witness)
    note, head = newest(grown)
    return anchor.verify(anchor.obtain(note, head), note, head)


def test_a_witness_is_shown_how_the_log_grew():
    grown = GrowingLog(3)
    witness = FakeWitness(grown.key)
    anchor = WitnessAnchor("http://w.example", WITNESS.key, Growth(grown.store), post=witness)
    for more in (0, 4, 1):
        if more:
            grown.grow(more)
        note, head = newest(grown)
        assert anchor.verify(anchor.obtain(note, head), note, head) == NOW
    assert witness.asked == [0, 3, 7]
    assert witness.seen.size == 8


def test_after_a_restart_the_witness_says_what_it_has_seen():
    grown = GrowingLog(3)
    witness = FakeWitness(grown.key)
    assert witnessed(grown, witness) == NOW
    grown.grow(6)
    assert witnessed(grown, witness) == NOW
    assert witness.asked == [0, 0, 3]


def test_a_witness_that_has_seen_more_than_there_is():
    longer = GrowingLog(3, 4)
    witness = FakeWitness(longer.key)
    witnessed(longer, witness)
    with pytest.raises(WitnessConflictError):
        witnessed(GrowingLog(3), witness)
    anchor = WitnessAnchor("http://w.example", WITNESS.key, Growth(longer.store), post=witness)
    anchor.obtain(*newest(longer))
    with pytest.raises(ProofError):
        anchor.obtain(*newest(GrowingLog(3)))


def test_a_witness_that_never_settles():
    grown = GrowingLog(3)

    def post(*_, **__):
        return Answer(status=409, content_type="text/x.tlog.size", body=b"2\n")

    with pytest.raises(AuthorityError, match="after each proof"):
        witnessed(grown, post)


def test_a_cosignature_of_another_is_not_taken():
    grown = GrowingLog(3)
    impostor = WitnessSigner(name=WITNESS.name, private_key=Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
    with pytest.raises(AnchorError):
        witnessed(grown, FakeWitness(grown.key, signer=impostor))
    note, head = newest(grown)
    anchor = WitnessAnchor("http://w.example", WITNESS.key, Growth(grown.store))
    with pytest.raises(AnchorError):
        anchor.verify(impostor.sign(head.text, NOW), note, head)
    assert cosignature.verify(WITNESS.sign(head.text, NOW), head.text, WITNESS.key) == NOW
