"""Lies about the keys of a log: steps 2 and 3 of docs/evidence-format.md, section 8, and who may sign what."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.evidence.lies import Lie, Lies
from tests.evidence.logs import (
    SECOND_SIGNER,
    SIGNER,
    THIRD_SIGNER,
    ZEROS,
    Log,
    Signer,
    canonical,
    note_text,
    root,
    sha256,
)

HISTORY = Lies()
FIRST, SECOND = "log/keys/000000000001.note", "log/keys/000000000002.note"


def rotated(log: Log, *, following: Signer = SECOND_SIGNER) -> str:
    """Publish, give the log another key, and go on under it: a seal in the tree, and one that is not."""
    if log.unlogged:
        log.publish()
    key = log.rotate(following)
    for _ in range(2):
        log.chains[0].append()
        log.chains[0].seal()
        if not log.leaves[6:]:
            log.publish()
    return key


# ---- Step 2


@HISTORY.tell("key-gap")
def the_first_statement_is_gone(log: Log) -> str:
    rotated(log)
    log.publish()
    log.rotate(THIRD_SIGNER)
    del log.objects[FIRST]
    return FIRST


@HISTORY.tell("bad-signature")
def all_statements_are_gone(log: Log) -> str:
    rotated(log)
    del log.objects[FIRST]
    return "log/checkpoints/000000000003.note"


@HISTORY.tell("bad-signature")
def the_newest_statement_is_gone(log: Log) -> str:
    rotated(log)
    log.publish()
    log.rotate(THIRD_SIGNER)
    log.chains[0].seal()
    where = log.publish() and "log/checkpoints/000000000005.note"
    del log.objects[SECOND]
    return where


@HISTORY.tell("unexpected-object")
def a_statement_of_number_0(log: Log) -> str:
    log.objects["log/keys/00000000000.note"] = b""
    return "log/keys/00000000000.note"


@HISTORY.tell("bad-signature")
def a_history_that_the_pinned_key_is_not_of(log: Log) -> str:
    log.publish()
    log.signer = THIRD_SIGNER
    return log.rotate(SECOND_SIGNER)


@HISTORY.tell("bad-signature")
def a_statement_of_another_log(log: Log) -> str:
    log.publish()
    log.signer = Signer(origin="log.example/other")
    return log.rotate(Signer(origin="log.example/other", seed=b"\x17" * 32))


def _stated(signers: tuple[Signer, ...] | None = None, **members: Any) -> Lie:
    def tamper(log: Log) -> str:
        log.publish()
        return log.rotate(SECOND_SIGNER, signers=signers, **members)

    return tamper


def _stated_again(following: Signer = THIRD_SIGNER, **members: Any) -> Lie:
    def tamper(log: Log) -> str:
        rotated(log)
        log.publish()
        return log.rotate(following, **members)

    return tamper


def _edited(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Lie:
    def tamper(log: Log) -> str:
        log.publish()
        key = log.rotate(SECOND_SIGNER)
        text = canonical(change(json.loads(note_text(log.objects[key])))).decode() + "\n"
        lines = SIGNER.signature_line(text) + SECOND_SIGNER.signature_line(text)
        log.objects[key] = f"{text}\n{lines}".encode()
        return key

    return tamper


def _vkey(public: bytes) -> str:
    """A verifier key of these 32 bytes, whatever they are."""
    key_id = sha256(SIGNER.origin.encode() + b"\n\x01" + public)[:4].hex()
    return f"{SIGNER.origin}+{key_id}+" + base64.b64encode(b"\x01" + public).decode()


OTHER_ORIGIN = Signer(origin="log.example/other").key_file.decode().strip()
WITNESS_KIND = SECOND_SIGNER.witness_file.decode().strip()
FORMS: dict[str, dict[str, Any]] = {
    "a statement of version 2": {"v": 2},
    "a statement whose version is true": {"v": True},
    "a statement of another log than its keys": {"log": "log.example/other"},
    "a statement whose log is no origin": {"log": "log example"},
    "a statement whose number is 0": {"number": 0},
    "a statement whose number is a text": {"number": "1"},
    "a statement whose previous is short": {"previous": "00"},
    "a statement whose key is null": {"key": None},
    "a statement whose key has white space": {"key": SECOND_SIGNER.key_file.decode()},
    "a statement whose key is of another origin": {"key": OTHER_ORIGIN},
    "a statement whose key before is of another origin": {"previous_key": OTHER_ORIGIN},
    "a statement whose key is a witness": {"key": WITNESS_KIND},
    "a statement whose key is not on the curve": {"key": _vkey(b"\x02" + bytes(31))},
    "a statement whose key is not reduced": {"key": _vkey(b"\xee" + b"\xff" * 30 + b"\x7f")},
    "a statement whose key has a sign at zero": {"key": _vkey(b"\x01" + bytes(30) + b"\x80")},
    "a statement whose size is negative": {"size": -1},
    "a statement whose size is null": {"size": None},
    "a statement whose root is base64": {"root": base64.b64encode(bytes(32)).decode()},
    "a statement for no reason": {"reason": ""},
    "a statement for a list of reasons": {"reason": ["rotated"]},
    "a statement of no time": {"time": "2026-02-30T00:00:00.000000Z"},
    "a statement with a member more": {"more": 1},
}
HISTORY |= {name: ("malformed-statement", _stated(**members)) for name, members in FORMS.items()}
HISTORY |= {
    "a statement without a member": ("malformed-statement", _edited(lambda value: _without(value, "time"))),
    "a statement with one signature": ("malformed-statement", _stated((SIGNER,))),
    "a statement with three signatures": ("malformed-statement", _stated((SIGNER, SECOND_SIGNER, THIRD_SIGNER))),
    "a statement that only the new key signed": ("bad-signature", _stated((SECOND_SIGNER, SECOND_SIGNER))),
    "a statement that only the old key signed": ("bad-signature", _stated((SIGNER, SIGNER))),
    "a statement signed in the wrong order": ("bad-signature", _stated((SECOND_SIGNER, SIGNER))),
    "a first statement of number 2": ("broken-key-history", _stated(number=2)),
    "a first statement that follows one": ("broken-key-history", _stated(previous="ab" * 32)),
    "a statement that brings no other key": ("broken-key-history", _stated(key=SIGNER.key_file.decode().strip())),
    "a second statement of number 1": ("broken-key-history", _stated_again(number=1)),
    "a second statement that follows none": ("broken-key-history", _stated_again(previous=ZEROS)),
    "a second statement of fewer leaves": ("broken-key-history", _stated_again(size=5)),
    "a second statement by the first key": (
        "broken-key-history",
        _stated_again(previous_key=SIGNER.key_file.decode().strip(), signers=(SIGNER, THIRD_SIGNER)),
    ),
    "a key that comes back": ("broken-key-history", _stated_again(following=SIGNER)),
    "a statement of another root": ("wrong-root", _stated(root="ab" * 32)),
    "a statement of more leaves than there are": ("wrong-root", _stated(size=7)),
}


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    del value[name]
    return value


@HISTORY.tell("bad-signature")
def a_statement_of_fewer_leaves_than_the_old_key_signed(log: Log) -> str:
    log.publish()
    log.rotate(SECOND_SIGNER, size=5)
    return "log/checkpoints/000000000002.note"


@HISTORY.tell("malformed-statement")
def a_statement_of_more_than_16_kib(log: Log) -> str:
    key = rotated(log)
    log.objects[key] = b"x" * 20_000 + log.objects[key]
    return key


@HISTORY.tell("bad-signature")
def a_statement_altered_under_its_signatures(log: Log) -> str:
    key = rotated(log)
    log.objects[key] = log.objects[key].replace(b'"rotated"', b'"compromised"')
    return key


# ---- Who may sign what, from then on


@HISTORY.tell("bad-signature")
def a_checkpoint_by_the_old_key(log: Log) -> str:
    log.publish()
    log.rotate(SECOND_SIGNER)
    log.chains[0].seal()
    log.add_leaves()
    log.signer = SIGNER
    return log.add_checkpoint()


@HISTORY.tell("bad-signature")
def a_seal_in_the_tree_by_the_old_key(log: Log) -> str:
    log.publish()
    log.rotate(SECOND_SIGNER)
    log.signer = SIGNER
    key = log.chains[0].seal()
    log.signer = SECOND_SIGNER
    log.publish()
    return key


@HISTORY.tell("bad-signature")
def a_seal_beyond_the_tree_by_the_old_key(log: Log) -> str:
    rotated(log)
    log.signer = SIGNER
    return log.chains[1].seal()


@HISTORY.tell("bad-signature")
def a_seal_from_before_signed_again_by_the_new_key(log: Log) -> str:
    rotated(log)
    key = log.chains[0].seal_key(1)
    log.objects[key] = SECOND_SIGNER.note(note_text(log.objects[key]))
    return key


@HISTORY.tell("bad-signature")
def a_checkpoint_from_before_signed_again_by_the_new_key(log: Log) -> str:
    rotated(log)
    key = "log/checkpoints/000000000001.note"
    log.objects[key] = SECOND_SIGNER.note(note_text(log.objects[key]))
    return key


@HISTORY.tell("bad-signature")
def the_kept_checkpoint_is_by_the_old_key_and_too_new(log: Log) -> tuple[str, bytes]:
    rotated(log)
    return "--checkpoint", SIGNER.note(log.checkpoint_text())


@HISTORY.tell("rollback")
def all_before_the_rotation_is_rewritten_with_the_old_key(log: Log) -> tuple[str, bytes]:
    text = f"{SIGNER.origin}\n2\n{base64.b64encode(root([bytes(32)] * 2)).decode()}\n"
    rotated(log)
    return "--checkpoint", SIGNER.note(text)
