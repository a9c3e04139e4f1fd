"""The file of stores: read strictly, every error with its line; what it describes works."""

import json
import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.objects import ObjectsError
from app.privacy.stores.errors import StoresFileError
from app.privacy.stores.registry import Registry, Scannable
from app.privacy.stores.stores_file import MOST, Context, load, parse
from tests.privacy.stores.people import KEY, MemoryStore, person

CONTEXT = Context(key=KEY)
EXAMPLE = """\
stores:
  - name: crm
    title: customer relations
    form: sql
    database: /etc/omega/crm.url
    purposes: [to serve customers]
    categories: [contact]
    subjects: [customers]
    recipients: []
    region: EU
    retention: as long as somebody is a customer
    security: encrypted disks
    kinds: [user]
    tables:
      - table: customers
        schema: sales
        identify: {customer: id, email: email}
        columns: {name: contact}
        erase: empty
        rectify: {name: name}
      - table: invoices
        identify: {customer: id}
        columns: {}
        erase: keep
        keep: tax law keeps invoices
  - name: uploads
    title: what customers upload
    form: files
    directory: /srv/uploads
    purposes: [to serve customers]
    categories: [files]
    subjects: [customers]
    recipients: [hosting]
    retention: a year
    security: encrypted disks
    places:
      - {path: "people/{id}/", form: whole, category: files, encoding: percent}
      - {path: "*.jsonl", form: jsonl, category: usage, identify: {/user: id}}
  - name: pictures
    title: pictures of customers
    form: objects
    url: /srv/objects
    prefix: app/
    purposes: [to serve customers]
    categories: [files]
    subjects: [customers]
    recipients: []
    retention: a year
    security: encrypted
    places:
      - {path: "people/{id}/", form: whole, category: files}
  - name: desk
    title: the help desk
    form: http
    tenant: shop
    url: https://desk.example.org/privacy
    secret: /etc/omega/desk.secret
    sends: [email]
    purposes: [to answer questions]
    categories: [content]
    subjects: [customers]
    recipients: [the provider of the help desk]
    region: US
    retention: two years
    security: TLS
"""


def test_each_form_becomes_a_store():
    stores = parse(EXAMPLE.encode(), "stores.yaml", CONTEXT)
    assert [each.described.name for each in stores] == ["crm", "uploads", "pictures", "desk"]
    assert stores[0].described.region == "EU"
    assert stores[1].described.recipients == ("hosting",)
    assert [isinstance(each, Scannable) for each in stores] == [True, True, True, False]
    assert stores[3].find(person()) == 0  # of another tenant


def test_what_it_describes_is_found(tmp_path):
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("CREATE TABLE customers (customer TEXT)")
        connection.execute("INSERT INTO customers VALUES ('alice')")
    connection.close()
    (tmp_path / "crm.url").write_text(f"sqlite:///{tmp_path / 'crm.db'}")
    said = EXAMPLE[: EXAMPLE.index("      - table: invoices")]
    said = said.replace("/etc/omega", str(tmp_path)).replace("        schema: sales\n", "")
    said = said.replace(", email: email", "").replace("{name: contact}", "{}").replace("{name: name}", "{}")
    (tmp_path / "stores.yaml").write_text(said)
    [store] = load(tmp_path / "stores.yaml", CONTEXT)
    assert store.find(person()) == 1
    assert store.erase(person()) == 1


def changed(old, new):
    assert old in EXAMPLE
    return EXAMPLE.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("stores:", "shops:", 1, "`shops` is none of: stores"),
        ("    form: sql\n", "    form: csv\n", 2, "`form` is one of: sql, files, objects, http"),
        ("    form: sql\n", "", 2, "`form` is one of"),
        ("name: crm", "name: C R M", 2, "`name` has the form"),
        ("name: uploads", "name: crm", 26, "two stores are called `crm`"),
        ("    title: customer relations\n", "", 2, "`title` is a text"),
        ("region: EU", "region: Mars", 10, "`region` is one of: US, EU, UK, APAC"),
        ("purposes: [to serve customers]", "purposes: []", 6, "`purposes` is a list of texts"),
        ("recipients: []", "recipients: [7]", 9, "`recipients` is a list of texts"),
        ("/etc/omega/crm.url", "crm.url", 5, "`database` is a path that begins with /"),
        ("table: customers", "table: customers; DROP TABLE x", 15, "no name of a table or a column"),
        ("identify: {customer: id, email: email}", "identify: {customer: 7}", 17, "mapping of names to names"),
        ("identify: {customer: id, email: email}", "identify: {customer: I D}", 17, "an identifier has the form"),
        ("erase: empty", "erase: shred", 19, "`erase` is one of: delete, empty, hmac, keep"),
        ("erase: empty", "erase: null", 19, "`erase` is one of"),
        ("        keep: tax law keeps invoices\n", "", 21, "nobody says why"),
        ("        rectify: {name: name}", "        colour: red", 20, "`colour` is none of"),
        ("    kinds: [user]", "    kinds: user", 13, "`kinds` is a list of texts"),
        ("people/{id}/", "../{id}/", 37, "no path of files"),
        ("form: jsonl", "form: excel", 38, "`form` is one of: whole, json, jsonl, text"),
        ("prefix: app/", "prefix: app", 43, "`prefix` ends in a slash"),
        ("url: /srv/objects", "url: ftp://x", 42, "`url` is no place of objects"),
        ("    tenant: shop", "    tenant: Shop!", 55, "`tenant` has the form"),
        ("https://desk", "http://desk", 56, "`url`: it is a URL with https"),
        ("/privacy\n", "/privacy?key=1\n", 56, "`url` has no question mark"),
        ("sends: [email]", "sends: [E-Mail]", 58, "`sends`: each has the form"),
        ("      - table: customers", "      - customers\n      - table: customers", 15, "this is a mapping with"),
        ("region: EU", "region: EU\n    region: US", 11, "this name stands twice"),
        ("region: EU", "region: !!python/object EU", 10, ""),
    ],
)
def test_an_error_says_on_which_line(old, new, line, why):
    with pytest.raises(StoresFileError) as caught:
        parse(changed(old, new).encode(), "stores.yaml", CONTEXT)
    assert str(caught.value).startswith(f"stores.yaml:{line}: "), str(caught.value)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_objects_are_whole():
    said = EXAMPLE[EXAMPLE.index("  - name: pictures") :].replace(
        '{path: "people/{id}/", form: whole', '{path: "*.txt", form: text'
    )
    with pytest.raises(StoresFileError, match="as a whole"):
        parse(b"stores:\n" + said.encode(), "s", CONTEXT)

    def refuse(_):
        raise ObjectsError("x")

    with pytest.raises(StoresFileError, match="no place of objects"):
        parse(EXAMPLE.encode(), "s", Context(key=KEY, objects=refuse))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff", "is not UTF-8"),
        (b"x" * (MOST + 1), "has more than"),
        (b"stores: []", "list of one or more"),
        (b"stores: 7", "list of one or more"),
        (b"7", "this is a mapping"),
        (b"stores: [7]", "`form` is one of"),
        (b"stores: [", "s:"),
    ],
)
def test_what_is_no_such_file_is_refused(data, why):
    with pytest.raises(StoresFileError, match=why):
        parse(data, "s", CONTEXT)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoresFileError, match=r"`stores.yaml` cannot be read"):
        load(tmp_path / "stores.yaml", CONTEXT)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["sql", "http", "files", "objects", "a", "/x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stores", "name", "form", "tables", "places", "url", "path", "identify", "title"]), inner
        )
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_no_document_leaks_another_error(value):
    with suppress(StoresFileError):
        parse(json.dumps(value).encode(), "s", CONTEXT)


def test_a_registry_has_each_name_once():
    registry = Registry([MemoryStore("a"), MemoryStore("b")])
    assert [each.described.name for each in registry.all()] == ["a", "b"]
    assert registry.of("b").described.name == "b"
    assert registry.of("c") is None
    with pytest.raises(StoresFileError, match="two stores are called `a`"):
        Registry([MemoryStore("a"), MemoryStore("a")])
