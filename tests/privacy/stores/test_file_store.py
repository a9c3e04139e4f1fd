"""Files and objects as a store: whole ones go, others go on without the person, and no name leads out of the place."""

import json
from urllib.parse import quote

import pytest

from app.objects import DirectoryObjects, ObjectsError
from app.privacy.stores.errors import StoreError, UnsupportedError
from app.privacy.stores.file_place import Encoding, FilePlace, Form
from app.privacy.stores.file_store import FileStore
from app.privacy.stores.files import DirectoryFiles, ObjectFiles
from tests.privacy.stores.people import described, person

WHOLE = FilePlace(path="people/{id}.json", form=Form.WHOLE, category="profile")
BELOW = FilePlace(path="uploads/{email}/", form=Form.WHOLE, category="files", encoding=Encoding.PERCENT)
LINES = FilePlace(
    path="logs/**.jsonl", form=Form.JSONL, category="usage", identify={"/user/id": "id", "/to/0": "email"}, rectify={}
)
ENTRIES = FilePlace(
    path="crm/*.json",
    form=Form.JSON,
    category="contact",
    within="/customers",
    identify={"/a~1b": "id"},
    rectify={"name": "/name"},
)
TEXTS = FilePlace(path="notes/*.txt", form=Form.TEXT, category="content")


@pytest.fixture
def root(tmp_path):
    files = {
        "people/alice.json": '{"name": "Alice"}',
        "people/bob.json": '{"name": "Bob"}',
        "uploads/alice@example.com/a.bin": b"\xff\xfe",
        "uploads/alice@example.com/deep/b.txt": "hello",
        "logs/2026/11.jsonl": '{"user": {"id": "alice"}, "n": 1}\n\n{"user": {"id": "bob"}, "n": 2}\n'
        '{"to": ["alice@example.com"]}',
        "logs/old.txt": "alice",
        "crm/a.json": json.dumps({"customers": [{"a/b": "alice", "name": "A"}, {"a/b": "bob", "name": "B"}]}),
        "crm/b.json": json.dumps({"other": 1}),
        "notes/n.txt": "asked ALICE@example.com\nnot malice@example.com.au nor alice\n",
    }
    for name, data in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return tmp_path / "root"


def store(root, *places):
    return FileStore(described("files"), places, DirectoryFiles(root), tenant="default")


EVERY = (WHOLE, BELOW, LINES, ENTRIES, TEXTS)


def test_a_person_is_found_in_every_form(root):
    made = store(root, *EVERY)
    items = list(made.export(person()))
    assert [(each.place, each.category) for each in items] == [
        ("people/alice.json", "profile"),
        ("uploads/alice@example.com/a.bin", "files"),
        ("uploads/alice@example.com/deep/b.txt", "files"),
        ("logs/2026/11.jsonl#1", "usage"),
        ("logs/2026/11.jsonl#2", "usage"),
        ("crm/a.json#1", "contact"),
        ("notes/n.txt#1", "content"),
    ]
    assert items[0].content == {"name": "Alice"}
    assert items[1].content == {"base64": "//4="}
    assert items[2].content == "hello"
    assert made.find(person()) == 7
    assert made.find(person(tenant="other")) == 0
    assert made.find(person("carol")) == 0


def test_an_erasure_leaves_what_is_of_others_as_it_was(root):
    made = store(root, *EVERY)
    assert made.erase(person()) == 7
    assert made.erase(person()) == 0
    assert made.verify(person()) == ()
    assert sorted(path.name for path in (root / "people").iterdir()) == ["bob.json"]
    assert (root / "logs/2026/11.jsonl").read_text() == '\n{"user": {"id": "bob"}, "n": 2}\n'
    assert json.loads((root / "crm/a.json").read_text()) == {"customers": [{"a/b": "bob", "name": "B"}]}
    assert (root / "notes/n.txt").read_text() == "asked [erased]\nnot malice@example.com.au nor alice\n"
    assert (root / "logs/old.txt").read_text() == "alice"
    assert not list(root.rglob("*.draft"))


def test_looking_again_names_what_nobody_described_as_the_person_and_what_cannot_be_read(root):
    made = store(root, WHOLE, LINES, ENTRIES)
    made.erase(person())
    (root / "logs/x.jsonl").write_text('{"text": "ask alice@example.com"}\n{"who": " ALICE "}')
    (root / "crm/c.json").write_text('{"customers": [{"a/b": 1, "name": "x"}], "vip": ["ALICE"]}')
    (root / "crm/d.json").write_text("{")
    (root / "people/alice.json").write_text("{}")
    assert made.verify(person()) == ("people/alice.json", "logs/x.jsonl", "crm/c.json", "crm/d.json")
    assert made.verify(person(tenant="other")) == ()


def test_what_may_be_changed_is_changed(root):
    made = store(root, LINES, ENTRIES)
    assert made.rectify(person(), {"name": "Alice L.", "more": 1}) == 1
    assert made.rectify(person(), {"name": "Alice L."}) == 0
    assert json.loads((root / "crm/a.json").read_text())["customers"][0]["name"] == "Alice L."
    with pytest.raises(UnsupportedError, match="nothing of what is to be changed"):
        made.rectify(person(), {"more": 1})
    with pytest.raises(UnsupportedError, match="kept as it came"):
        store(root, LINES).rectify(person(), {"name": "x"})
    texts = FilePlace(path="notes/*.txt", form=Form.TEXT, category="content", rectify={"name": "/name"})
    with pytest.raises(UnsupportedError, match="a text says nothing"):
        store(root, texts).rectify(person(), {"name": "x"})


def test_lines_are_changed_one_by_one(root):
    lines = FilePlace(
        path="logs/**.jsonl", form=Form.JSONL, category="u", identify={"/user/id": "id"}, rectify={"n": "/n"}
    )
    assert store(root, lines).rectify(person(), {"n": 9}) == 1
    assert (root / "logs/2026/11.jsonl").read_text().startswith('{"user": {"id": "alice"}, "n": 9}\n\n{"user"')


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a/b", ".hidden", "a\0b", "", "x" * 300, "a b"])
def test_an_id_that_cannot_be_a_name_leads_nowhere(root, name):
    made = store(root, WHOLE)
    who = person(name)
    if not name:
        assert made.find(who) == 0
        return
    for look in (made.find, made.erase, made.verify):
        with pytest.raises(UnsupportedError, match="cannot be the name of a file"):
            look(who)


def test_ids_are_encoded_as_the_place_says(root):
    hashed = FilePlace(path="h/{id}.json", form=Form.WHOLE, category="x", encoding=Encoding.SHA256)
    percent = FilePlace(path="p/{id}.json", form=Form.WHOLE, category="x", encoding=Encoding.PERCENT)
    assert len(hashed.name({"id": "a/b c"})) == len("h/.json") + 64
    assert percent.name({"id": "a/b c"}) == "p/a%2Fb%20c.json"
    with pytest.raises(UnsupportedError):
        percent.name({"id": ".."})
    assert hashed.name({"email": "x"}) is None
    (root / "p").mkdir()
    (root / "p" / f"{quote('a/b', safe='')}.json").write_text("{}")
    assert list(store(root, percent, hashed).identifiers()) == [("id", "a/b")]


def test_links_are_not_followed(root, tmp_path):
    (tmp_path / "secret.json").write_text('{"other": "person"}')
    (root / "people/eve.json").symlink_to(tmp_path / "secret.json")
    (root / "linked").symlink_to(tmp_path)
    made = store(root, WHOLE, FilePlace(path="**.json", form=Form.JSON, category="x", identify={"/a": "id"}))
    with pytest.raises(StoreError, match="a link stands"):
        made.find(person("eve"))
    assert "linked/secret.json" not in [name for name, _ in made._read(made._places[1])]
    with pytest.raises(StoreError, match="a link stands"):
        DirectoryFiles(root).read("linked/secret.json")
    with pytest.raises(StoreError, match="none that a store may have"):
        DirectoryFiles(root).read("../secret.json")


def test_files_that_are_not_what_was_described_or_cannot_be_had_fail(root, monkeypatch):
    (root / "crm/a.json").write_text('{"customers": 7}')
    (root / "logs/x.jsonl").write_text("{")
    for place in (ENTRIES, LINES):
        with pytest.raises(StoreError, match="not of the form"):
            store(root, place).find(person())
        with pytest.raises(StoreError, match="not of the form"):
            list(store(root, place).identifiers())
    with pytest.raises(StoreError, match="is not there"):
        store(root / "nowhere", LINES).find(person())
    monkeypatch.setattr("app.privacy.stores.files.MOST", 1)
    with pytest.raises(StoreError, match="more than 1 bytes"):
        store(root, TEXTS).find(person())
    (root / "people/dir.json").mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        store(root, WHOLE).find(person("dir"))


def test_a_file_that_is_written_meanwhile_is_left_alone(root):
    class Racing(DirectoryFiles):
        def read(self, name):
            data = super().read(name)
            (root / name).write_bytes(data + b"\n")
            return data

    with pytest.raises(StoreError, match="being written"):
        FileStore(described(), (LINES,), Racing(root), tenant="default").erase(person())
    assert b"alice" in (root / "logs/2026/11.jsonl").read_bytes()


def test_everybody_whom_files_name_is_named(root):
    assert list(store(root, WHOLE, LINES, ENTRIES, TEXTS).identifiers()) == [
        ("id", "alice"),
        ("id", "bob"),
        ("id", "alice"),
        ("id", "bob"),
        ("email", "alice@example.com"),
        ("id", "alice"),
        ("id", "bob"),
    ]


def test_objects_are_deleted_whole(tmp_path):
    objects = DirectoryObjects(tmp_path)
    objects.put("app/people/alice/1", b"{}")
    objects.put("app/people/bob/1", b"{}")
    place = FilePlace(path="people/{id}/", form=Form.WHOLE, category="profile")
    made = FileStore(described(), (place,), ObjectFiles(objects, "app/"), tenant="default")
    assert made.find(person()) == 1
    assert made.erase(person()) == 1
    assert [each.key for each in objects.list()] == ["app/people/bob/1"]
    assert list(made.identifiers()) == [("id", "bob")]
    files = ObjectFiles(objects, "app/")
    assert files.read("people/carol/1") is None
    with pytest.raises(UnsupportedError, match="deleted whole"):
        files.replace("people/bob/1", b"")
    with pytest.raises(StoreError, match="objects of a store"):
        files.read("people/A B/1".replace(" ", "@"))

    class Away(DirectoryObjects):
        def list(self, prefix=""):
            raise ObjectsError(prefix)

    with pytest.raises(StoreError, match="objects_unavailable"):
        list(ObjectFiles(Away(tmp_path), "").names())


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../x/{id}"},
        {"path": "/abs/{id}"},
        {"path": "a//{id}"},
        {"path": "people/all.json"},
        {"path": "people/{id}/*.json"},
        {"form": Form.JSON},
        {"path": "a.json", "form": Form.JSON},
        {"identify": {"/id": "id"}},
        {"path": "a.json", "form": Form.JSON, "identify": {"id": "id"}},
    ],
)
def test_a_place_that_does_not_fit_together_is_refused(change):
    with pytest.raises(ValueError, match="`"):
        FilePlace(**{"path": "people/{id}.json", "form": Form.WHOLE, "category": "x"} | change)
