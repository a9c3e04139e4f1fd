"""What we write as others read it."""

import pytest

from evidence.checkpoint import Checkpoint, sign
from evidence.note import Note
from tests.evidence.c2sp import checkpoint, open_note
from tests.evidence.growing import NOW, WITNESS
from tests.evidence.sealing import KEY

HEAD = Checkpoint(origin=KEY.origin, size=20852163, root=bytes(range(32)))
NOTE = sign(HEAD, KEY)
COSIGNED = NOTE + WITNESS.sign(HEAD.text, NOW)


def test_a_checkpoint_is_one_for_others_too():
    opened = open_note(NOTE, str(KEY.verifier))
    assert opened.signed == {KEY.origin: None}
    assert checkpoint(opened.text) == (HEAD.origin, HEAD.size, HEAD.root)


def test_a_cosigned_checkpoint_is_one_note():
    opened = open_note(COSIGNED, str(KEY.verifier), str(WITNESS.key))
    assert opened.signed == {KEY.origin: None, WITNESS.name: int(NOW.timestamp())}
    assert Note.parse(COSIGNED).verify(KEY.verifier) == opened.text


def test_who_trusts_the_witness_alone_can_open_it():
    assert open_note(COSIGNED, str(WITNESS.key)).signed == {WITNESS.name: int(NOW.timestamp())}
    with pytest.raises(ValueError, match="nobody"):
        open_note(NOTE, str(WITNESS.key))


@pytest.mark.parametrize("position", range(0, len(COSIGNED), 3))
def test_others_notice_what_we_notice(position):
    changed = bytearray(COSIGNED)
    changed[position] ^= 1
    try:
        signed = open_note(bytes(changed), str(KEY.verifier), str(WITNESS.key)).signed
    except ValueError:
        return
    assert len(signed) == 1  # of the other line the name or the key id is now a stranger's
