"""Documents in a database: what stands there, and what does not."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.db import ProductRow
from app.pdp.model import Entity
from app.privacy.errors import KeyDestroyedError, SealedBlockError
from app.privacy.redaction.documents import ATTEMPTS, Documents, Incoming, State
from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.reveals import Reveals, Wanted, tokens_of
from app.privacy.redaction.store import RedactionStore
from app.privacy.redaction.tokens import Token
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.store import Person
from tests.privacy.redaction.redacted import ALICE, TENANT, Keyring, Mails, Names, permit

TEXT = "Sarah Connor <sarah@example.com> wrote to <EMAIL_1>"
BOB = Entity(type="user", id="usr-bob", properties={})
TABLES = [table for name, table in ProductRow.metadata.tables.items() if name.startswith("privacy_")]
CLEAR = ("sarah", "connor", "usr-alice", "alice@example.com")


def incoming(text=TEXT, **changes):
    given = {"scope": "case-7", "purpose": "support", "region": "EU", "language": "en", "service": "studio"}
    return Incoming(**{"body": {"text": text}, "lane": "patterns", **given, **changes})


@pytest.fixture
def documents(product, keyring):  # noqa: ARG001 - the database is open
    return Documents(keyring, now=lambda: 1_795_356_000.0)


@pytest.fixture
def reveals(documents, keyring):
    return Reveals(keyring, documents, now=lambda: 1_795_356_000.0)


def key_of(documents, person=ALICE):
    return documents._persons.key(TENANT, person.type, person.id)


def redacted(documents, text=TEXT, person=ALICE, **changes):
    return documents.redact(permit(person), key_of(documents, person), incoming(text, **changes), Mails().find(text))


def rows(product):
    """Return everything that stands in the database, as text."""
    with product.connect() as connection:
        found = {table: connection.execute(select(table)).mappings() for table in TABLES}
        return {table.name: [dict(row) for row in each] for table, each in found.items()}


def run(product, statement):
    """Change the database behind the guard's back."""
    raw = product.raw_connection()
    raw.cursor().execute(statement)
    raw.commit()
    raw.close()


def test_a_value_gets_the_same_token_within_its_scope_and_another_beyond(documents):
    assert redacted(documents).redacted == {"text": "Sarah Connor <<EMAIL_1>> wrote to <=EMAIL_1>"}
    assert redacted(documents, "bob@example.com, sarah@example.com").redacted == {"text": "<EMAIL_2>, <EMAIL_1>"}
    assert redacted(documents, "bob@example.com", scope="case-8").redacted == {"text": "<EMAIL_1>"}
    assert redacted(documents, "eve@example.com", BOB).redacted == {"text": "<EMAIL_1>"}


def test_any_database_numbers_tokens(any_product, keyring):  # noqa: ARG001 - it is open
    documents = Documents(keyring, now=lambda: 1_795_356_000.0)
    for _ in range(2):
        assert redacted(documents).redacted == {"text": "Sarah Connor <<EMAIL_1>> wrote to <=EMAIL_1>"}
    assert RedactionStore(permit(), keyring).erase(person(keyring.key(TENANT, "user", ALICE.id).subject)) == 4


def test_no_value_and_no_name_of_a_person_stands_in_a_table(documents, product, reveals):
    redacted(documents, "sarah@example.com")
    kept = documents.seal(permit(), key_of(documents), incoming(lane="names"))
    reveals.request(permit(), wanted(kept))
    told = str(rows(product)).lower()
    assert [clear for clear in CLEAR if clear in told] == []


def test_a_key_that_grew_old_leads_to_the_same_tokens(documents, keyring, reveals):
    first = redacted(documents)
    keyring.renew()
    assert redacted(documents).redacted == first.redacted
    redacted(documents, "bob@example.com")
    assert shown(reveals, first, tokens=("<EMAIL_1>", "<EMAIL_2>", "<EMAIL_3>")) == {
        "tokens": {"<EMAIL_1>": "sarah@example.com", "<EMAIL_2>": "bob@example.com"}
    }


def wanted(kept, tokens=()):
    document = None if tokens else kept.id
    return Wanted(
        subject=kept.subject,
        scope=kept.scope,
        document=document,
        tokens=tuple(map(Token.parse, tokens)),
        purpose="support",
        region="EU",
        home=kept.region,
    )


def shown(reveals, kept, tokens=()):
    return reveals.reveal(permit(), reveals.request(permit(), wanted(kept, tokens)))


def test_a_document_comes_back(documents, reveals):
    body = {"json": {"from": "sarah@example.com", "n": [1, None, "<EMAIL_7>"]}}
    findings = [each for path in ("/from",) for each in _at(path, Mails().find("sarah@example.com"))]
    kept = documents.redact(permit(), key_of(documents), incoming(body=body), findings)
    assert kept.redacted == {"json": {"from": "<EMAIL_1>", "n": [1, None, "<=EMAIL_7>"]}}
    assert shown(reveals, kept) == body


def _at(path, findings):
    return [replace(each, path=path) for each in findings]


def test_a_destroyed_key_leaves_the_text_and_no_way_back(documents, keyring, reveals):
    kept = redacted(documents)
    keyring.destroy()
    assert documents.find(kept.id).redacted == kept.redacted
    for tokens in ((), ("<EMAIL_1>",)):
        with pytest.raises(KeyDestroyedError):
            shown(reveals, kept, tokens)


def test_a_document_is_sealed_until_its_names_were_looked_for(documents, product, reveals):
    kept = documents.seal(permit(), key_of(documents), incoming(lane="names"))
    assert (kept.state, kept.redacted) == (State.SEALED, None)
    assert documents.waiting(9) == [kept.id]
    assert shown(reveals, kept) == {"text": TEXT}
    body = documents.original(permit(), kept.id)
    findings = (*Mails().find(body["text"]), *Names().find(body["text"]))
    assert documents.finish(permit(), kept.id, body, findings)
    assert documents.find(kept.id).redacted == {"text": "<PERSON_1> <<EMAIL_1>> wrote to <=EMAIL_1>"}
    assert documents.waiting(9) == []
    [row] = rows(product)["privacy_document"]
    assert (row["sealed"], row["state"]) == (None, "ready")
    assert not documents.finish(permit(), kept.id, body, ())
    assert documents.failed(permit(), kept.id) is None
    with pytest.raises(LookupError):
        documents.original(permit(), kept.id)


def test_names_that_cannot_be_looked_for_leave_a_document_sealed(documents):
    kept = documents.seal(permit(), key_of(documents), incoming(lane="names"))
    states = [documents.failed(permit(), kept.id) for _ in range(ATTEMPTS)]
    assert states == [State.SEALED] * (ATTEMPTS - 1) + [State.FAILED]
    assert documents.find(kept.id).redacted is None


def test_a_sealed_document_of_somebody_who_was_erased(documents, keyring):
    kept = documents.seal(permit(), key_of(documents), incoming(lane="names"))
    body = documents.original(permit(), kept.id)
    keyring.destroy()
    with pytest.raises(KeyDestroyedError):
        documents.original(permit(), kept.id)
    with pytest.raises(KeyDestroyedError):
        documents.finish(permit(), kept.id, body, ())
    documents.discard(permit(), kept.id)
    documents.discard(permit(), kept.id)
    assert documents.find(kept.id) is None


def test_a_block_at_another_place_is_not_opened(documents, product, reveals):
    kept = redacted(documents, "sarah@example.com bob@example.com")
    run(product, "UPDATE privacy_token SET block = (SELECT block FROM privacy_token WHERE number = 1)")
    with pytest.raises(SealedBlockError):
        shown(reveals, kept)


def test_a_row_that_names_no_key(documents, product):
    redacted(documents)
    run(product, "UPDATE privacy_person SET block = '{}'")
    with pytest.raises(SealedBlockError):
        redacted(documents)


def test_approvals_count_once_each(documents, reveals):
    asked = reveals.request(permit(), wanted(redacted(documents)))
    officers = [Entity(type="officer", id=name, properties={}) for name in ("ofc-1", "ofc-2", "ofc-1")]
    assert [reveals.approve(permit(by=each), asked.id) for each in officers] == [True, True, False]
    [found] = reveals.newest(9)
    assert found == reveals.find(asked.id)
    assert [each.by for each in found.approvals] == ["ofc-1", "ofc-2"]
    assert reveals.find("rvl_none") is None


def test_a_document_that_went(documents, reveals, product):
    kept = redacted(documents)
    asked = reveals.request(permit(), wanted(kept))
    run(product, "DELETE FROM privacy_document")
    with pytest.raises(LookupError):
        reveals.reveal(permit(), asked)


@pytest.mark.parametrize("wrong", [None, [], ["<EMAIL_1>"] * 1_001, [1], ["EMAIL_1"], "<EMAIL_1>"])
def test_what_is_no_list_of_tokens(wrong):
    with pytest.raises(RedactionError):
        tokens_of(wrong)


def test_tokens_that_are_named_twice_count_once():
    assert tokens_of(["<B_1>", "<A_1>", "<B_1>"]) == (Token("A", 1), Token("B", 1))


# the store


def person(subject, identifier=ALICE.id):
    return Person(tenant=TENANT, kind="user", id=identifier, subject=subject, identifiers={})


def test_the_store_finds_exports_and_erases_a_person_and_nobody_else(documents, keyring, product, reveals):
    kept, other = redacted(documents), redacted(documents, "eve@example.com", BOB)
    sealed = documents.seal(permit(), key_of(documents), incoming("sealed", lane="names"))
    asked = reveals.request(permit(), wanted(kept))
    reveals.approve(permit(by=Entity(type="officer", id="ofc-1", properties={})), asked.id)
    store = RedactionStore(permit(), keyring)
    alice = person(kept.subject)
    assert store.described.name == "redaction"
    assert store.find(alice) == 5
    items = {item.place: item.content for item in store.export(alice)}
    assert items == {"case-7 <EMAIL_1>": "sarah@example.com", kept.id: kept.redacted, sealed.id: {"text": "sealed"}}
    with pytest.raises(UnsupportedError):
        store.rectify(alice, {"email": "x"})
    assert store.erase(alice) == 5
    assert (store.find(alice), store.erase(alice), store.verify(alice), list(store.export(alice))) == (0, 0, (), [])
    assert store.verify(person(other.subject)) == ("privacy_document", "privacy_token", "privacy_person")
    assert rows(product)["privacy_reveal_approval"] == []
    assert store.find(person(other.subject)) == 3


def test_the_store_knows_nobody_without_a_pseudonym(keyring, product):  # noqa: ARG001 - the database is open
    store = RedactionStore(permit(), keyring)
    assert (store.find(person(None)), store.erase(person(None)), list(store.export(person(None)))) == (0, 0, [])


def test_the_store_exports_nothing_that_nobody_can_open(documents, keyring):
    kept = redacted(documents)
    keyring.destroy()
    assert list(RedactionStore(permit(), keyring).export(person(kept.subject))) == []


def test_a_database_that_fails_is_a_store_that_fails(documents, product):
    kept = redacted(documents)
    run(product, "DROP TABLE privacy_reveal_approval")
    with pytest.raises(StoreError):
        RedactionStore(permit(), Keyring()).erase(person(kept.subject))
