"""What a log may hold beside records and seals, as both verifiers report it: keys, anchors, receipts, what expired."""

import os
import shutil
from itertools import count

import pytest

import verify_evidence
from evidence import timestamp
from evidence.anchor_check import Trust
from evidence.errors import FindingError, NotFoundError, ShadowedObjectError
from evidence.keys import VerifierKey
from evidence.stores.memory import MemoryStore
from evidence.verify import Asked, Verification
from tests.evidence import logs
from tests.evidence.asking import asked_of_ours, asked_of_theirs
from tests.evidence.authority import Authority
from tests.evidence.lies import Brought, sample
from tests.evidence.lies_history import rotated
from tests.evidence.lies_receipts import LATER
from tests.evidence.logs import SECOND_SIGNER, SIGNER, THIRD_SIGNER, WITNESS, Signer

OTHER_WITNESS = Signer(origin="witness.example/a2", seed=b"\x0c" * 32)
COSIGNED_AT = "2026-11-22T10:48:20.000000Z"


@pytest.fixture
def verified(tmp_path):
    """Verify a log with both; return their one report."""
    directories = count()

    def verify(log, brought=None, pinned=SIGNER, asked=None):
        brought = brought or Brought()
        asked_ours, asked_theirs = asked or (asked_of_ours(brought), asked_of_theirs(brought))
        store = MemoryStore()
        store._objects = dict(log.objects)
        verification = Verification(store, VerifierKey.parse(pinned.key_file.decode()), asked_ours)
        finding = None
        try:
            verification.run(brought.earlier)
        except FindingError as error:
            finding = error
        ours = verification.report.document(finding)
        root = logs.write(log.objects, tmp_path / str(next(directories)))
        key = verify_evidence.parse_key(pinned.key_file)
        theirs = verify_evidence.verify_store(root, key, brought.earlier, asked_theirs)
        for report in (ours, theirs):
            if report["finding"]:
                del report["finding"]["detail"]
        assert ours == theirs
        return ours

    return verify


# ---- Keys


@pytest.mark.parametrize("pinned", [SIGNER, SECOND_SIGNER, THIRD_SIGNER], ids=["the first", "the second", "the newest"])
def test_any_key_of_the_history_may_be_pinned(verified, pinned):
    log = sample()
    kept = log.publish()
    rotated(log)
    log.publish()
    log.rotate(THIRD_SIGNER, reason="compromised")
    log.chains[1].append()
    log.chains[1].seal()
    log.publish()
    log.chains[1].seal()
    report = verified(log, Brought(earlier=kept), pinned)
    assert report["ok"], report
    assert report["keys"] == [
        {"id": SIGNER.key_id.hex(), "from_leaf": 0, "reason": None},
        {"id": SECOND_SIGNER.key_id.hex(), "from_leaf": 6, "reason": "rotated"},
        {"id": THIRD_SIGNER.key_id.hex(), "from_leaf": 8, "reason": "compromised"},
    ]
    assert report["uncheckpointed_seals"] == 1


def test_a_rotation_may_be_the_first_and_the_last_thing(verified):
    log = logs.Log()
    log.rotate(SECOND_SIGNER)
    log.rotate(THIRD_SIGNER)
    log.chain().seal()
    log.publish()
    log.rotate(SIGNER.__class__(seed=b"\x37" * 32))
    assert verified(log)["ok"]


def test_a_kept_checkpoint_from_before_the_rotation_shows_what_was_rewritten(verified):
    log = sample()
    kept = log.publish()
    forged = logs.build(chains=2, segments=3, records=4, checkpoints=3)
    forged.rotate(SECOND_SIGNER)
    assert verified(forged, pinned=SECOND_SIGNER)["ok"]
    assert verified(forged, Brought(earlier=kept), SECOND_SIGNER)["finding"] == {
        "code": "rollback",
        "where": "--checkpoint",
    }


def test_whoever_took_the_old_key_cannot_rewrite_the_past_of_one_who_pinned_the_new_one(verified):
    log = sample()
    rotated(log)
    statement = log.objects["log/keys/000000000001.note"]
    forged = logs.build(chains=2, segments=3, records=4, checkpoints=3)
    forged.objects["log/keys/000000000001.note"] = statement
    assert len(forged.leaves) == 6
    assert verified(forged, pinned=SECOND_SIGNER)["finding"] == {
        "code": "wrong-root",
        "where": "log/keys/000000000001.note",
    }
    del forged.objects["log/keys/000000000001.note"]
    assert verified(forged, pinned=SECOND_SIGNER)["finding"]["code"] == "bad-signature"
    assert verified(forged, pinned=SIGNER)["ok"]  # which is why the old line has to be revoked


class Unlisted(MemoryStore):
    """Lists only what was there when it was opened, while more arrives."""

    def __init__(self, listed, objects):
        super().__init__()
        self._listed = sorted(listed)
        self._objects = dict(objects)

    def keys(self, prefix="", after=""):
        yield from [key for key in self._listed if key.startswith(prefix) and key > after]


def test_a_log_that_gets_another_key_while_it_is_listed_holds():
    log = sample()
    listed = dict(log.objects)
    rotated(log)
    store = Unlisted(listed, log.objects)
    report = Verification(store, VerifierKey.parse(SIGNER.key_file.decode())).run()
    assert report.checked.seals == 6
    assert [key["from_leaf"] for key in report.keys] == [0, 6]


def test_a_listed_statement_about_leaves_that_are_not_there_is_a_finding():
    log = sample()
    listed = dict(log.objects)
    key = rotated(log)
    store = Unlisted({**listed, key: b""}, log.objects)
    with pytest.raises(FindingError, match="wrong-root"):
        Verification(store, VerifierKey.parse(SIGNER.key_file.decode())).run()


def test_a_late_statement_does_not_excuse_a_seal_by_nobody():
    log = sample()
    listed = dict(log.objects)
    rotated(log)
    key = log.chains[1].seal_key(2)
    log.objects[key] = THIRD_SIGNER.note(logs.note_text(log.objects[key]))
    with pytest.raises(FindingError, match="bad-signature"):
        Verification(Unlisted(listed, log.objects), VerifierKey.parse(SIGNER.key_file.decode())).run()


# ---- Anchors


def test_without_trust_anchors_are_told_and_not_believed(verified):
    log = sample()
    log.stamp(0)
    log.stamp(1)
    log.cosign(0, OTHER_WITNESS)
    report = verified(log)
    assert report["timestamped"] == {
        "checkpoint": 1,
        "tree_size": 4,
        "time": "2026-11-22T10:47:00.250000Z",
        "verified": False,
    }
    assert report["cosigned"] == {
        "checkpoint": 0,
        "tree_size": 2,
        "time": COSIGNED_AT,
        "witnesses": [OTHER_WITNESS.origin],
        "verified": False,
    }


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (b"20261122104700Z", "2026-11-22T10:47:00.000000Z"),
        (b"20261122104700.123456789Z", "2026-11-22T10:47:00.123456Z"),
        (b"00010101000000.5Z", "0001-01-01T00:00:00.500000Z"),
    ],
)
def test_a_time_stamp_s_time_is_told_in_the_log_s_form(verified, time, told):
    log = sample()
    log.stamp(1, time=time)
    assert verified(log)["timestamped"]["time"] == told


def test_cosignatures_count_by_witnesses_who_are_known(verified):
    log = sample()
    log.cosign(0, WITNESS, 1_795_344_400)
    log.cosign(1, OTHER_WITNESS)
    one = verified(log, Brought(witnesses=(WITNESS.witness_file,)))["cosigned"]
    assert (one["checkpoint"], one["witnesses"], one["verified"]) == (0, [WITNESS.origin], True)
    log.cosign(1, WITNESS, 1_795_344_510)
    both = verified(log, Brought(witnesses=(OTHER_WITNESS.witness_file, WITNESS.witness_file)))["cosigned"]
    assert (both["checkpoint"], both["time"]) == (1, COSIGNED_AT)
    assert both["witnesses"] == [OTHER_WITNESS.origin, WITNESS.origin]


def test_without_a_cosignature_of_a_known_witness_none_is_told(verified):
    log = sample()
    log.cosign(1, OTHER_WITNESS)
    assert verified(log, Brought(witnesses=(WITNESS.witness_file,)))["cosigned"] is None


def test_an_anchor_of_a_checkpoint_that_arrived_meanwhile_is_left_alone():
    log = sample()
    listed = dict(log.objects)
    log.publish()
    key = log.stamp(2)
    store = Unlisted({**listed, key: b""}, log.objects)
    assert Verification(store, VerifierKey.parse(SIGNER.key_file.decode())).run().timestamped is None


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.make(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture
def stamped(authority):
    """A log with a time stamp that an authority made."""
    log = sample()
    checkpoint = log.objects["log/checkpoints/000000000001.note"]
    log.objects["log/timestamps/000000000001.tsr"] = authority.answer(timestamp.request(checkpoint).der)
    return log


def trusting(directory, pem):
    file = directory / "roots.pem"
    file.write_bytes(pem)
    ours = Asked(trust=Trust(roots=timestamp.parse_roots(pem)))
    return ours, verify_evidence.Asked(roots=file)


@pytest.mark.slow
def test_a_time_stamp_by_a_trusted_authority_is_verified(verified, stamped, authority, tmp_path):
    report = verified(stamped, asked=trusting(tmp_path, authority.root))
    assert report["ok"], report
    assert report["timestamped"]["verified"]


@pytest.mark.slow
def test_a_time_stamp_by_another_authority_is_found_by_both(verified, stamped, tmp_path):
    other = Authority.make(tmp_path / "other")
    report = verified(stamped, asked=trusting(tmp_path, other.root))
    assert report["finding"] == {"code": "bad-anchor", "where": "log/timestamps/000000000001.tsr"}


@pytest.mark.slow
def test_a_time_stamp_altered_under_its_signature_is_found_by_both(verified, stamped, authority, tmp_path):
    key = "log/timestamps/000000000001.tsr"
    stamped.objects[key] = stamped.objects[key][:-1] + bytes([stamped.objects[key][-1] ^ 1])
    report = verified(stamped, asked=trusting(tmp_path, authority.root))
    assert report["finding"] == {"code": "bad-anchor", "where": key}


@pytest.mark.slow
def test_without_openssl_the_file_says_that_time_stamps_were_not_checked(stamped, authority, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    key = verify_evidence.parse_key(SIGNER.key_file)
    root = logs.write(stamped.objects, tmp_path / "store")
    report = verify_evidence.verify_store(root, key, None, trusting(tmp_path, authority.root)[1])
    assert (report["ok"], report["timestamped"]["verified"]) == (True, False)
    assert "by whom was not checked" in verify_evidence.describe(report, earlier=False)


# ---- Receipts


def test_receipts_of_records_that_are_there_hold(verified):
    log = sample()
    one, other = log.chains
    receipts = (log.receipt((one, 0), (other, 5), (one, 3)), log.receipt((one, 0)))
    rotated(log)
    report = verified(log, Brought(receipts=(*receipts, log.receipt((one, 6)))))
    assert report["ok"], report
    assert report["receipts"] == {"records": 5, "carried": 0, "expired": 0}


def test_a_record_that_was_carried_over_is_counted_as_such(verified):
    log, lost = sample(), {"chain": "0" * 20, "seq": 5, "leaf": "ab" * 32}
    log.chains[0].append(orphan_of=lost)
    log.chains[0].seal()
    report = verified(log, Brought(receipts=(log.receipt(records=[lost]),)))
    assert report["receipts"] == {"records": 0, "carried": 1, "expired": 0}
    assert report["orphans"] == 1


def test_a_receipt_of_an_expired_segment_cannot_be_checked(verified):
    log = sample()
    chain = log.chains[0]
    log.expire(chain.segment_key(0))
    report = verified(log, Brought(receipts=(log.receipt((chain, 1), (chain, 4)),), at=LATER))
    assert report["receipts"] == {"records": 1, "carried": 0, "expired": 1}


# ---- Expiry


def test_expired_segments_may_be_absent_and_are_counted(verified):
    log = sample()
    log.expire(*[chain.segment_key(n) for chain in log.chains for n in (0, 1)])
    report = verified(log, Brought(at=LATER))
    assert report["ok"], report
    assert (report["expired"], report["checked"]["records"], report["checked"]["segments"]) == (4, 0, 0)
    assert report["checked"]["seals"] == 6
    assert report["up_to"]["max_time"] is not None
    assert not verified(log)["ok"]


def test_expired_segments_may_as_well_be_there(verified):
    report = verified(sample(), Brought(at=LATER))
    assert (report["ok"], report["expired"], report["checked"]["segments"]) == (True, 0, 4)


@pytest.mark.parametrize(
    ("epoch", "kind"), [(1, "decision"), (3, "decision"), (2, "chain.opened"), (4, "chain.opened")]
)
def test_expired_records_may_have_opened_epochs(verified, epoch, kind):
    log = sample()
    chain = log.chain()
    chain.append()
    chain.append()
    chain.seal()
    chain.append(kind, epoch=epoch)
    chain.append(epoch=epoch)
    chain.seal()
    log.expire(chain.segment_key(0))
    report = verified(log, Brought(at=LATER))
    assert report["ok"], report


def test_an_expired_segment_that_goes_while_it_is_verified_has_expired():
    log = sample()
    listed = dict(log.objects)
    log.expire(log.chains[0].segment_key(0))
    store = Unlisted(listed, log.objects)
    asked = Asked(at=LATER)
    report = Verification(store, VerifierKey.parse(SIGNER.key_file.decode()), asked).run()
    assert (report.expired, report.stray_segments) == (1, 0)


# ---- What is not the log's


def test_what_the_probe_left_is_no_part_of_the_log(verified):
    log = sample()
    log.objects |= {"probe/000000000000-canary": b"", "probe/x/.y": b"z"}
    assert verified(log)["ok"]
    log.objects = {key: data for key, data in log.objects.items() if not key.startswith("probe/")} | {"probe": b""}
    assert verified(log)["finding"] == {"code": "unexpected-object", "where": "probe"}


class Shadowed(MemoryStore):
    """Lists a key that has two versions, as others, and does not read it."""

    def __init__(self, objects, key):
        super().__init__()
        self._objects = dict(objects)
        self._shadowed = key

    def get(self, key, *, limit=1 << 23):
        if key == self._shadowed:
            raise ShadowedObjectError(key)
        return super().get(key, limit=limit)


def everything():
    log = sample()
    rotated(log)
    log.stamp(1)
    log.cosign(1)
    log.objects[f"chains/{'0' * 20}/segments/{0:012}-{logs.sha256(b'').hex()}.jsonl"] = b""
    return log


@pytest.mark.parametrize("kind", ["leaves", "checkpoints", "keys", "timestamps", "cosignatures", "seals", "segments"])
def test_an_object_of_two_versions_is_a_finding_at_its_key(kind):
    log = everything()
    for key in [key for key in log.objects if f"/{kind}/" in key]:
        with pytest.raises(FindingError) as caught:
            Verification(Shadowed(log.objects, key), VerifierKey.parse(SIGNER.key_file.decode())).run()
        assert (caught.value.code, caught.value.where) == ("shadowed-object", key)


@pytest.mark.parametrize("kind", ["seals", "segments"])
def test_an_unlisted_object_of_two_versions_is_a_finding_too(kind):
    log = sample()
    key = next(key for key in log.objects if f"{kind}/000000000001" in key)

    class Both(Unlisted, Shadowed):
        pass

    store = Both.__new__(Both)
    Shadowed.__init__(store, log.objects, key)
    store._listed = sorted(log.objects.keys() - {key})
    with pytest.raises(FindingError, match="shadowed-object"):
        Verification(store, VerifierKey.parse(SIGNER.key_file.decode())).run()


def test_a_checkpoint_that_goes_before_its_anchors_are_read_is_a_finding():
    log = everything()

    class Going(MemoryStore):
        asked = 0

        def get(self, key, *, limit=1 << 23):
            self.asked += key == "log/checkpoints/000000000001.note"
            if self.asked > 1 and key.startswith("log/checkpoints"):
                raise NotFoundError(key)
            return super().get(key, limit=limit)

    store = Going()
    store._objects = log.objects
    with pytest.raises(FindingError, match="malformed-checkpoint"):
        Verification(store, VerifierKey.parse(SIGNER.key_file.decode()), Asked()).run()


def test_directories_of_the_store_itself_are_no_part_of_the_log(tmp_path):
    root = logs.write(sample().objects | {".retention/a": b"", ".holds/b": b""}, tmp_path)
    os.mkfifo(root / ".holds/c")
    assert verify_evidence.verify_store(root, verify_evidence.parse_key(SIGNER.key_file), None)["ok"]
