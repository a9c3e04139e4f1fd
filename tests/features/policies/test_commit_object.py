"""A commit's bytes, as Git stores them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.errors import MalformedCommitError
from app.features.policies.git.commit_object import MAX_BYTES, parse_commit
from tests.features.policies.signing import ALICE

TREE, PARENT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "a" * 40
WHO = "Alice <alice@example.org> 1760000000 +0200"
PLAIN = f"tree {TREE}\nparent {PARENT}\nauthor {WHO}\ncommitter {WHO}\n\nRaise the limit\n\nBecause.\n"


def test_what_a_commit_says():
    commit = parse_commit(PLAIN.encode())
    assert (commit.tree, commit.parents) == (TREE, (PARENT,))
    assert (commit.author, commit.author_email) == ("Alice", "alice@example.org")
    assert commit.committed_at == datetime.fromtimestamp(1760000000, UTC)
    assert commit.message == "Raise the limit\n\nBecause.\n"
    assert (commit.signature, commit.payload) == (None, PLAIN.encode())


def test_the_payload_is_the_commit_without_its_signature():
    signature = ALICE.sign(PLAIN.encode())
    head, _, message = PLAIN.partition("\n\n")
    folded = signature.decode().removesuffix("\n").replace("\n", "\n ")
    signed = f"{head}\ngpgsig {folded}\nencoding UTF-8\n\n{message}"
    commit = parse_commit(signed.encode())
    assert commit.signature == signature
    assert commit.payload == f"{head}\nencoding UTF-8\n\n{message}".encode()


def test_a_signature_in_the_message_is_none():
    commit = parse_commit(f"{PLAIN}gpgsig x\n y\n".encode())
    assert commit.signature is None
    assert commit.payload.endswith(b"gpgsig x\n y\n")


def test_the_id_is_that_of_git(working):
    head = working.head()
    data = working.git("cat-file", "commit", head).encode() + b"\n"
    assert parse_commit(data).id == head


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(PLAIN.replace("\n\n", "\n"), id="no empty line"),
        pytest.param(f"tree {TREE}\n{PLAIN}", id="two trees"),
        pytest.param(PLAIN.replace("committer", f"author {WHO}\ncommitter"), id="two authors"),
        pytest.param(PLAIN.replace("\n\n", "\ngpgsig a\ngpgsig b\n\n", 1), id="two signatures"),
        pytest.param(PLAIN.replace("\n\n", "\ngpgsig-sha256 a\n\n", 1), id="a signature of another kind"),
        pytest.param(PLAIN.replace(f"author {WHO}\n", ""), id="no author"),
        pytest.param(PLAIN.replace(f"tree {TREE}\n", ""), id="no tree"),
        pytest.param(PLAIN.replace(TREE, "x"), id="a tree that is no id"),
        pytest.param(PLAIN.replace(f"parent {PARENT}\n", f"parent {PARENT}\n" * 2), id="a parent twice"),
        pytest.param(PLAIN.replace("1760000000", "1e9"), id="no time"),
        pytest.param(PLAIN.replace("1760000000", "9" * 30), id="a time beyond all time"),
        pytest.param(PLAIN.replace("\nauthor", "\n\tauthor"), id="a line that is no header"),
        pytest.param(PLAIN + "\0", id="a zero byte"),
        pytest.param(PLAIN + "x" * MAX_BYTES, id="too large"),
        pytest.param("\n" + PLAIN, id="an empty line first"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text):
    with pytest.raises(MalformedCommitError):
        parse_commit(text.encode())


def test_what_is_not_utf_8_is_refused():
    with pytest.raises(MalformedCommitError, match="UTF-8"):
        parse_commit(PLAIN.encode() + b"\xff")


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda at, x: PLAIN.encode()[:at] + x + PLAIN.encode()[at:], st.integers(0, 250), st.binary(max_size=20)
    )
)
def test_bytes_are_a_commit_or_refused(data):
    with suppress(MalformedCommitError):
        assert parse_commit(data).payload == data or b"gpgsig " in data
