"""What is said with a request, sealed and read again; no more than is kept of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.dsr.errors import SayingError
from app.features.dsr.said import Message, Said, parse_document, parse_form, parse_sealed

LANGUAGES = frozenset({"en"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["kind", "law", "email", "account", "name", "message", "person", "changes", "purposes", "detail_1", "value_1"]
)
SENT = st.dictionaries(NAMES, JSON | st.sampled_from(["access", "rectify", "gdpr", "a@b.example"]), max_size=8)


@given(text=st.text(max_size=50), at=st.integers(0, 2**40))
def test_what_is_sealed_is_read_again(text, at):
    said = Said(id=text, identifiers={"email": text}, message=text, changes={"name": text}, purposes=("a",))
    said = said.asking(Message(asked=True, at=at, text=text))
    assert parse_sealed(said.text()) == said
    assert said.contact == text


@given(sent=SENT)
def test_whatever_is_sent_is_read_or_refused(sent):
    for parse in (parse_form, parse_document):
        try:
            wanted = parse(sent, LANGUAGES)
        except SayingError:
            continue
        assert wanted.said.id


def test_messages_end_somewhere():
    said = Said(id="x", identifiers={})
    for number in range(20):
        said = said.asking(Message(asked=False, at=number, text="again"))
    with pytest.raises(SayingError):
        said.asking(Message(asked=False, at=21, text="again"))
