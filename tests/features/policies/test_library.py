"""Policies as they are read: from Git at any revision, or as they are in force."""

import pytest

from app.features.policies.described import Kind, beside, folders, kind_of
from app.features.policies.library import InForce, InGit, NoRevisionError
from tests.features.gating import shipped
from tests.features.policies.signing import BOB
from tests.features.serving import served
from tests.pdp.shop import FILES

LIMIT = "data/limits.json"


@pytest.fixture
def git(working, mirror):
    """A repository with two commits, of which the second makes policies."""
    first = working.head()
    head = working.commit({f"policies/{path}": text for path, text in FILES.items()}, BOB)
    return InGit(mirror), first, head


def test_what_stands_at_a_revision(git):
    library, first, head = git
    assert library.newest() == head  # fetched, as it never was
    assert library.newest() == head
    assert LIMIT in library.files(first)
    assert "rego/shop/sell.rego" in library.files(head)
    assert "rego/shop/sell.rego" not in library.files(first)
    assert library.bundle(first) is None
    assert library.bundle(head).actions.keys() == {"shop.sell"}
    assert library.bundle(head).revision == f"git:{head}"


def test_who_wrote_what_and_when(git):
    library, first, head = git
    library.newest()
    newest, *older = library.history(head, "", 10)
    assert (newest.revision, newest.author, newest.at.utcoffset().seconds) == (head, BOB.name, 0)
    assert newest.title == f"change {int(newest.at.timestamp())}"
    assert [change.revision for change in older] == [first]
    assert [change.revision for change in library.history(head, LIMIT, 10)] == [first]
    line = library.blame(head, "rego/shop/sell.rego")[0]
    assert (line.number, line.text, line.change.revision) == (1, "package shop.sell", head)


@pytest.mark.parametrize(
    "revision", ["0" * 40, "main", "-x", "HEAD~1", ""], ids=["none", "a name", "an option", "~", "-"]
)
def test_what_is_no_commit_is_no_revision(git, revision):
    library = git[0]
    library.newest()
    for ask in (
        lambda: library.files(revision),
        lambda: library.bundle(revision),
        lambda: library.history(revision, "", 1),
        lambda: library.blame(revision, LIMIT),
    ):
        with pytest.raises(NoRevisionError):
            ask()


def test_a_repository_that_cannot_be_had_has_no_newest(mirror):
    mirror.branch = "nowhere"
    with pytest.raises(NoRevisionError):
        InGit(mirror).newest()


def test_what_is_in_force_is_the_one_revision_without_a_repository():
    library = InForce(shipped)
    digest = library.newest()
    assert library.bundle(digest) is shipped()
    assert library.files(digest) == shipped().files
    assert library.history(digest, "", 10) == library.history(digest, "data/roles.json", 10) == ()
    first = library.blame(digest, "data/roles.json")[0]
    assert (first.number, first.text, first.change) == (1, "{", None)
    for ask in (
        lambda: library.files("0" * 64),
        lambda: library.blame(digest, "data/none.json"),
        lambda: library.history(digest, "data/none.json", 1),
    ):
        with pytest.raises(NoRevisionError):
            ask()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("rego/shop/sell.rego", Kind.ACTION),
        ("rego/lib/gates.rego", Kind.LIBRARY),
        ("rego/shop/sell_test.rego", Kind.TEST),
        ("rego/shop/sell.schema.json", Kind.CONTRACT),
        ("data/limits.json", Kind.DATA),
        ("cases/shop.yaml", Kind.CASES),
        ("OWNERS.yaml", Kind.OTHER),
    ],
)
def test_what_a_file_is_for(path, kind):
    assert kind_of(path, ["rego/shop/sell.rego"]) is kind


def test_policies_come_before_what_they_read():
    found = folders(shipped().files, shipped())
    tops = [folder.path.partition("/")[0] for folder in found]
    assert tops == sorted(tops, key=["rego", "data", "cases", "", "scan"].index)
    [view] = [file for folder in found for file in folder.files if file.path == "rego/policies/view.rego"]
    assert (view.name, view.kind, view.action.name) == ("view.rego", Kind.ACTION, "policies.view")
    assert folders({"a.md": "x\n"}, None)[0].files[0].lines == 1


def test_what_lies_beside_a_file():
    files = shipped().files
    assert beside("rego/policies/view.rego", files) == (
        "rego/policies/view_test.rego",
        "rego/policies/view.schema.json",
    )
    assert beside("rego/policies/view.schema.json", files)[0] == "rego/policies/view.rego"
    assert beside("rego/lib/clock.rego", files) == ("rego/lib/clock_test.rego",)
    assert beside("data/roles.json", files) == ()


def test_pages_show_a_repository(git, sqlite_url):
    library, first, head = git
    with served(sqlite_url, library=library) as plane:
        browser = plane.officer("maria", "omega-policy-authors")
        tree = browser.get("/policies/")
        assert (tree.status_code, head[:12] in tree.text, "shop.sell" not in tree.text) == (200, True, True)
        assert "make no policies that could be put in force" in browser.get(f"/policies/at/{first}/").text
        assert "the fruit is ripe" in browser.get(f"/policies/at/{head}/file/rego/shop/sell.rego").text
        blame = browser.get(f"/policies/at/{head}/blame/{LIMIT}")
        assert (blame.status_code, first[:8] in blame.text) == (200, True)
        assert f"by {BOB.name}" in browser.get("/policies/history").text
        assert first[:12] in browser.get(f"/policies/at/{head}/history/{LIMIT}").text
        for nowhere in (f"at/{head}/file/none", f"at/{head}/blame/none", "at/main/", f"at/{'0' * 40}/"):
            assert browser.get(f"/policies/{nowhere}").status_code == 404
        asked = [body["resource"] for kind, body in plane.around.records if body.get("action") == "policies.view"]
        assert {each["id"] for each in asked} >= {first, head}


def test_a_repository_that_is_not_there_is_a_page_that_is_not(mirror, sqlite_url):
    mirror.branch = "nowhere"
    with served(sqlite_url, library=InGit(mirror)) as plane:
        assert plane.officer("maria", "omega-policy-authors").get("/policies/").status_code == 404
