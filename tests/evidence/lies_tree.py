"""Lies about keys, leaves and checkpoints: steps 1 to 3 of docs/evidence-format.md, section 8."""

import base64
from collections.abc import Callable

from tests.evidence.lies import Lie, Lies
from tests.evidence.logs import Log, Signer, build, note_text

TREE = Lies()

# ---- Step 1


@TREE.tell("unexpected-object")
def an_object_that_no_log_has(log: Log) -> str:
    log.objects["chains/notes.txt"] = b""
    return "chains/notes.txt"


@TREE.tell("unexpected-object")
def a_chain_id_in_upper_case(log: Log) -> str:
    key = log.chains[0].seal_key(0).replace("a", "A")
    log.objects[key] = b""
    return key


@TREE.tell("unexpected-object")
def a_number_of_11_digits(log: Log) -> str:
    log.objects["log/leaves/00000000009.txt"] = b""
    return "log/leaves/00000000009.txt"


@TREE.tell("unexpected-object")
def the_first_in_order_of_two_unexpected_objects(log: Log) -> str:
    log.objects |= {"log/b": b"", "log/a": b""}
    return "log/a"


@TREE.tell("empty-log")
def nothing_is_left(log: Log) -> str:
    log.objects.clear()
    return "chains/"


@TREE.tell("empty-log")
def all_seals_are_gone(log: Log) -> str:
    log.objects = {key: data for key, data in log.objects.items() if "/seals/" not in key}
    return "chains/"


# ---- Step 2


@TREE.tell("checkpoint-gap")
def leaves_are_gone(log: Log) -> str:
    del log.objects["log/leaves/000000000000.txt"]
    return "log/leaves/000000000000.txt"


@TREE.tell("checkpoint-gap")
def a_checkpoint_before_the_last_is_gone(log: Log) -> str:
    del log.objects["log/checkpoints/000000000000.note"]
    return "log/checkpoints/000000000000.note"


@TREE.tell("checkpoint-gap")
def leaves_and_checkpoint_of_one_number_are_gone(log: Log) -> str:
    log.publish()
    del log.objects["log/leaves/000000000001.txt"], log.objects["log/checkpoints/000000000001.note"]
    return "log/leaves/000000000001.txt"


@TREE.tell("checkpoint-gap")
def the_last_leaves_are_gone_and_their_checkpoint_is_not(log: Log) -> str:
    del log.objects["log/leaves/000000000001.txt"]
    return "log/leaves/000000000001.txt"


def _leaves(change: Callable[[str], str]) -> Lie:
    def tamper(log: Log) -> str:
        key = log.add_leaves()
        log.objects[key] = change(log.objects[key].decode()).encode()
        return key

    return tamper


LEAVES: dict[str, Callable[[str], str]] = {
    "no leaves in a batch": lambda _: "",
    "the last line of leaves without its end": lambda text: text[:-1],
    "an empty line in the leaves": lambda text: text + "\n",
    "leaves with CR": lambda text: text.replace("\n", "\r\n"),
    "a leaf in upper case": lambda text: text.upper(),
    "a leaf with a leading zero": lambda text: text.replace(" 2 ", " 02 "),
    "a leaf with digits of another script": lambda text: text.replace(" 2 ", " ٢ "),
    "a leaf with two spaces": lambda text: text.replace(" 2 ", "  2 "),
    "a leaf twice": lambda text: text + text,
    "a leaf left out": lambda text: text.replace(" 2 ", " 3 "),
    "the leaves of a batch that is there already": lambda text: text.replace(" 2 ", " 1 "),
    "leaves of more than 1 MiB": lambda text: text * 10_000,
}
TREE |= {name: ("malformed-leaves", _leaves(change)) for name, change in LEAVES.items()}


def _checkpoint(change: Callable[[str], str], *, sign: bool = True) -> Lie:
    def tamper(log: Log) -> str:
        log.add_leaves()
        text = change(log.checkpoint_text())
        key = log.add_checkpoint(text)
        if not sign:
            log.objects[key] = change(log.signer.note(log.checkpoint_text()).decode()).encode()
        return key

    return tamper


def _line(n: int, new: str) -> Callable[[str], str]:
    return lambda text: "".join(new if i == n else line for i, line in enumerate(text.splitlines(keepends=True)))


def _other_last_character(text: str) -> str:
    """Change only bits of a base64 text that its bytes do not use."""
    kept, padding = text.rstrip("=\n"), text[len(text.rstrip("=\n")) :]
    return kept[:-1] + chr(ord(kept[-1]) + 1) + padding


SIGNED_CHECKPOINTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "a checkpoint of two lines": ("malformed-checkpoint", _line(1, "")),
    "a checkpoint with an extension line": ("malformed-checkpoint", lambda text: text + "more\n"),
    "a checkpoint with a leading zero": ("malformed-checkpoint", _line(1, "06\n")),
    "a checkpoint with a short root": ("malformed-checkpoint", _line(2, "AAAA\n")),
    "a checkpoint whose root has loose bits": ("malformed-checkpoint", _other_last_character),
    "a checkpoint with a control character": ("malformed-checkpoint", lambda text: text.replace("omega", "o\tmega")),
    "a checkpoint of more than 2^53 - 1 leaves": ("malformed-checkpoint", _line(1, f"{2**53}\n")),
    "a checkpoint whose origin has a plus": ("malformed-checkpoint", _line(0, "log+example\n")),
    "a checkpoint whose origin is not ASCII": ("malformed-checkpoint", _line(0, "lög.example\n")),
    "a checkpoint whose origin is too long": ("malformed-checkpoint", _line(0, "a" * 129 + "\n")),
    "a checkpoint of another origin": ("bad-signature", _line(0, "log.example/alpha\n")),
    "a checkpoint of fewer leaves": ("wrong-root", _line(1, "5\n")),
    "a checkpoint of another root": ("wrong-root", _line(2, base64.b64encode(bytes(32)).decode() + "\n")),
}
TREE |= {name: (code, _checkpoint(change)) for name, (code, change) in SIGNED_CHECKPOINTS.items()}
UNSIGNED_CHECKPOINTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "a note without signature": ("malformed-checkpoint", lambda note: note.rpartition("—")[0]),
    "a note with a hyphen for the dash": ("malformed-checkpoint", lambda note: note.replace("— ", "- ")),
    "a note without its last newline": ("malformed-checkpoint", lambda note: note[:-1]),
    "a note with two newlines at the end": ("malformed-checkpoint", lambda note: note + "\n"),
    "a note with two signatures": ("malformed-checkpoint", lambda note: note + note.rpartition("\n\n")[2]),
    "a note whose signature has loose bits": ("malformed-checkpoint", _other_last_character),
    "a note whose signature lacks padding": ("malformed-checkpoint", lambda note: note.rstrip("=\n") + "\n"),
    "a note with a plus in its key name": ("malformed-checkpoint", lambda note: note.replace("— log", "— l+g")),
    "a note with a space in its key name": ("malformed-checkpoint", lambda note: note.replace("— log", "— l g")),
    "a note with a signature of 63 bytes": ("malformed-checkpoint", lambda note: _with_length(note, 67)),
    "a note with a signature of 65 bytes": ("malformed-checkpoint", lambda note: _with_length(note, 69)),
    "a note of more than 16 KiB": ("malformed-checkpoint", lambda note: "x" * 20_000 + note),
    "a note with another key name": ("bad-signature", lambda note: note.replace("— log", "— lug")),
    "a note with a key name that is not ASCII": ("bad-signature", lambda note: note.replace("— log", "— l\u00a0g")),
    "a note with another key id": ("bad-signature", lambda note: _with_signature(note, 0)),
    "a note with another R": ("bad-signature", lambda note: _with_signature(note, 4)),
    "a note with another S": ("bad-signature", lambda note: _with_signature(note, 36)),
}


def _with_length(note: str, length: int) -> str:
    head, _, encoded = note[:-1].rpartition(" ")
    return f"{head} {base64.b64encode((base64.b64decode(encoded) + bytes(9))[:length]).decode()}\n"


def _with_signature(note: str, place: int) -> str:
    head, _, encoded = note[:-1].rpartition(" ")
    data = bytearray(base64.b64decode(encoded))
    data[place] ^= 1
    return f"{head} {base64.b64encode(data).decode()}\n"


TREE |= {name: (code, _checkpoint(change, sign=False)) for name, (code, change) in UNSIGNED_CHECKPOINTS.items()}


@TREE.tell("bad-signature")
def a_checkpoint_by_another_key_of_the_same_name(log: Log) -> str:
    log.signer = Signer(seed=b"\x08" * 32)
    log.publish()
    return "log/checkpoints/000000000002.note"


# ---- Step 3


@TREE.tell("rollback")
def the_newest_seals_and_checkpoints_are_gone(log: Log) -> tuple[str, bytes]:
    kept = log.objects["log/checkpoints/000000000001.note"]
    log.objects = build(chains=2, segments=1).objects
    return "--checkpoint", kept


@TREE.tell("rollback")
def the_newest_checkpoint_is_gone_and_its_leaves_are_not(log: Log) -> tuple[str, bytes]:
    return "--checkpoint", log.objects.pop("log/checkpoints/000000000001.note")


@TREE.tell("rollback")
def all_is_rewritten_with_the_signing_key(log: Log) -> tuple[str, bytes]:
    kept = log.objects["log/checkpoints/000000000001.note"]
    log.objects = build(chains=2, segments=3, checkpoints=3, records=4).objects
    return "--checkpoint", kept


@TREE.tell("rollback")
def an_empty_tree_with_a_root(log: Log) -> tuple[str, bytes]:
    return "--checkpoint", log.signer.note(f"{log.signer.origin}\n0\n{base64.b64encode(bytes(32)).decode()}\n")


@TREE.tell("malformed-checkpoint")
def the_kept_checkpoint_is_no_checkpoint(_: Log) -> tuple[str, bytes]:
    return "--checkpoint", b"hello\n"


@TREE.tell("bad-signature")
def the_kept_checkpoint_is_another_log_s(_: Log) -> tuple[str, bytes]:
    other = build(signer=Signer(origin="log.example/other", seed=b"\x09" * 32))
    return "--checkpoint", other.objects["log/checkpoints/000000000000.note"]


@TREE.tell("bad-signature")
def the_kept_checkpoint_is_signed_twice(log: Log) -> tuple[str, bytes]:
    text = log.checkpoint_text()
    return "--checkpoint", f"{text}\n{log.signer.signature_line(text) * 2}".encode()


@TREE.tell("malformed-checkpoint")
def the_kept_checkpoint_has_a_cosignature_of_no_bytes(log: Log) -> tuple[str, bytes]:
    text = log.checkpoint_text()
    return "--checkpoint", f"{text}\n{log.signer.signature_line(text)}— witness AAAAAA==\n".encode()


@TREE.tell("bad-signature")
def the_kept_checkpoint_is_signed_by_a_witness_alone(log: Log) -> tuple[str, bytes]:
    text = note_text(log.objects["log/checkpoints/000000000001.note"])
    return "--checkpoint", Signer(origin="witness.example", seed=b"\x0a" * 32).note(text)
