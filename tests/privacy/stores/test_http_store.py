"""A system elsewhere: asked in one protocol, signed, told no more than it may know, and believed in its form alone."""

import json

import pytest

from app.privacy.stores.errors import PendingError, StoreError, UnsupportedError
from app.privacy.stores.http_store import HttpStore, Remote, signature
from app.privacy.stores.registry import Keyed, for_request
from evidence.authority import Answer
from evidence.errors import AuthorityError
from tests.privacy.stores.people import MemoryStore, described, person

SECRET = b"x" * 32


class Elsewhere:
    """What answers, and what it was asked."""

    def __init__(self, status=200, kind="application/json", **said):
        self.asked = []
        self.answer = Answer(status=status, content_type=kind, body=json.dumps(said).encode())

    def __call__(self, url, body, *, headers, **limits):
        assert limits == {"content_type": "application/json", "limit": 16 << 20, "deadline": 30.0}
        self.asked.append((url, json.loads(body), dict(headers), body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "crm.secret"
    path.write_bytes(SECRET + b"\n")
    return path


@pytest.fixture
def made(secret):
    def make(elsewhere, **change):
        remote = {"url": "https://crm.example.org/privacy/", "secret": secret, "sends": ("email",), "tenant": "default"}
        return HttpStore(
            said=described("crm"), remote=Remote(**remote | change), clock=lambda: 1_795_356_000.7, post=elsewhere
        )

    return make


def test_a_question_says_no_more_than_it_may_and_is_signed(made):
    elsewhere = Elsewhere(count=3)
    store = made(elsewhere)
    assert store.described.name == "crm"
    assert store.find(person(phone="+12125550123")) == 3
    [(url, body, headers, data)] = elsewhere.asked
    assert url == "https://crm.example.org/privacy/find"
    assert body == {
        "v": 1,
        "operation": "find",
        "person": {"kind": "user", "identifiers": {"email": "alice@example.com"}},
    }
    key, stamp = headers["idempotency-key"], headers["omega-timestamp"]
    assert stamp == "1795356000"
    assert headers["omega-signature"] == f"v1={signature(SECRET, 'find', key, stamp, data)}"


def test_the_same_request_has_the_same_key_and_another_has_another(made):
    elsewhere = Elsewhere(count=1)
    store = made(elsewhere)
    assert isinstance(store, Keyed)
    for key in ("dsr-1", "dsr-1", "dsr-2"):
        for_request(store, key).erase(person())
    for_request(store, "dsr-1").find(person())
    keys = [headers["idempotency-key"] for _, _, headers, _ in elsewhere.asked]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    memory = MemoryStore()
    assert for_request(memory, "dsr-1") is memory


def test_answers_are_taken_over(made):
    assert made(Elsewhere(count=2)).erase(person()) == 2
    changing = Elsewhere(count=1)
    assert made(changing).rectify(person(), {"name": "A"}) == 1
    assert changing.asked[0][1]["changes"] == {"name": "A"}
    items = [{"place": "tickets/7", "category": "content", "content": {"text": "x"}}]
    [item] = made(Elsewhere(items=items)).export(person())
    assert (item.place, item.category, item.content) == ("tickets/7", "content", {"text": "x"})
    assert made(Elsewhere(left=["tickets/7"])).verify(person()) == ("tickets/7",)


def test_of_whom_nothing_may_be_said_nothing_is_asked(made):
    elsewhere = Elsewhere(count=7)
    assert made(elsewhere, sends=("phone",)).find(person()) == 0
    assert made(elsewhere).verify(person(tenant="other")) == ()
    assert list(made(elsewhere, sends=()).export(person())) == []
    assert elsewhere.asked == []


def test_what_takes_time_and_what_cannot_be_done_are_told_apart(made):
    with pytest.raises(PendingError):
        made(Elsewhere(status=202)).erase(person())
    with pytest.raises(UnsupportedError, match="invoices are kept for ten years"):
        made(Elsewhere(status=422, reason="invoices are kept for ten years")).erase(person())


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 404, 429, 500])
def test_no_other_status_is_an_answer_and_nothing_is_followed(made, status):
    elsewhere = Elsewhere(status=status, count=1)
    with pytest.raises(StoreError, match=f"status {status}"):
        made(elsewhere).find(person())
    assert len(elsewhere.asked) == 1


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("find", {}),
        ("find", {"count": "3"}),
        ("find", {"count": True}),
        ("find", {"count": -1}),
        ("export", {}),
        ("export", {"items": [7]}),
        ("export", {"items": [{"place": "x", "category": "y"}]}),
        ("export", {"items": [{"place": "", "category": "y", "content": 1}]}),
        ("export", {"items": [{"place": "a\nb", "category": "y", "content": 1}]}),
        ("verify", {"left": "x"}),
        ("verify", {"left": ["x"] * 1_001}),
    ],
)
def test_an_answer_in_another_form_is_none(made, operation, said):
    with pytest.raises(StoreError, match="in no form"):
        list([getattr(made(Elsewhere(**said)), operation)(person())][0])


def test_what_is_no_json_or_does_not_come_is_no_answer(made):
    for body in (b"", b"[]", b'{"count": 1, "count": 2}', b"\xff"):
        elsewhere = Elsewhere()
        elsewhere.answer = Answer(status=200, content_type="application/json", body=body)
        with pytest.raises(StoreError, match="in no form"):
            made(elsewhere).find(person())
    with pytest.raises(StoreError, match="status 200"):
        made(Elsewhere(kind="text/html", count=1)).find(person())
    away = Elsewhere()
    away.answer = AuthorityError("secret address")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        made(away).find(person())
    assert "secret" not in str(caught.value)


def test_without_a_good_secret_nothing_is_asked(made, secret):
    elsewhere = Elsewhere(count=1)
    secret.write_bytes(b"short")
    with pytest.raises(StoreError, match="shorter than 32 bytes"):
        made(elsewhere).find(person())
    secret.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        made(elsewhere).find(person())
    assert elsewhere.asked == []
