"""Change requests over HTTP: programs and browsers, without a socket."""

import subprocess

from sqlmodel import select

from app.db import reading
from app.features.policies.changes import board
from app.features.policies.changes.patching import MAX_BYTES
from app.features.policies.changes.rows_changes import CommentRow
from tests.features.policies.requests_made import LIMITS
from tests.features.policies.signing import ALICE
from tests.features.policies.sites import JSON

PATCH = """--- a/policies/data/limits.json
+++ b/policies/data/limits.json
@@ -1 +1 @@
-{"limit": 1}
+{"limit": 5}
"""


def pushed(site, value=2, **changes):
    return site.work.commit({LIMITS: f'{{"limit": {value}}}\n'}, ALICE, [site.work.head()], branch="change", **changes)


def test_the_whole_life_by_program(site):
    head = pushed(site)
    alice, bob, carol = map(site.officer, ("ofc-1", "ofc-2", "ofc-3"))
    opened = alice.post("/branches/change", title="two", description="because")
    assert opened.status_code == 201
    number, tree = opened.json["number"], opened.json["tree"]
    assert bob.post(f"/{number}/comments", text="why two?").status_code == 201
    assert bob.post(f"/{number}/approve", tree=tree, role="compliance_officer").status_code == 201
    early = alice.post(f"/{number}/merge", tree=tree)
    assert (early.status_code, [gate["id"] for gate in early.json["gates"]]) == (403, ["approved"])
    assert carol.post(f"/{number}/approve", tree=tree, role="security_officer").status_code == 201
    found = alice.get(f"/{number}").json
    assert found["state"] == "approved"
    assert [each["missing_persons"] for each in found["demands"]] == [0]
    assert found["rules"][0]["what"] == "data.limits.limit"
    assert found["comments"][0]["text"] == "why two?"
    merged = alice.post(f"/{number}/merge", tree=tree)
    assert merged.status_code == 200
    assert site.work.head() == head
    found = alice.get(f"/{number}").json
    assert [each["kind"] for each in found["steps"]] == ["opened", "approved", "approved", "merged"]
    assert found["steps"][-1]["decision_id"] == merged.json["decision_id"]
    assert alice.get("").json["changes"][0]["ended"] == "merged"
    again = alice.post(f"/{number}/merge", tree=tree)
    assert (again.status_code, again.json["gates"][0]["id"]) == (403, "open")


def test_the_whole_life_by_forms(site):
    head = pushed(site)
    alice, bob, carol = map(site.officer, ("ofc-1", "ofc-2", "ofc-3"))
    assert "Propose change" in alice.page("").text
    opened = alice.form("/branches/change", title="<b>two</b>")
    assert (opened.status_code, opened.headers["location"]) == (303, "/policies/changes/1")
    tree = alice.get("/1").json["tree"]
    bob.form("/1/approve", tree=tree, role="compliance_officer")
    page = carol.page("/1").text
    assert "&lt;b&gt;two&lt;/b&gt;" in page
    assert "Still missing: 1 persons, 1 roles." in page
    assert carol.form("/1/approve", tree=tree, role="security_officer").status_code == 303
    assert carol.form("/1/comments", text="fine").status_code == 303
    assert carol.form("/1/merge", tree=tree).status_code == 303
    assert site.work.head() == head
    page = carol.page("/1").text
    assert "merged by ofc-3" in page
    assert "Approve this tree" not in page


def test_whoever_is_not_signed_in_sees_and_does_nothing(site):
    pushed(site)
    visitor = site.served.visitor()
    assert visitor.get("/policies/changes").status_code == 303
    answer = visitor.client.post("/policies/changes/branches/change", json={}, headers=JSON)
    assert answer.status_code == 403


def test_self_approval_says_which_gate(site):
    pushed(site)
    alice = site.officer("ofc-1")
    tree = alice.post("/branches/change").json["tree"]
    refused = alice.post("/1/approve", tree=tree, role="security_officer")
    assert (refused.status_code, [gate["id"] for gate in refused.json["gates"]]) == (403, ["not_author"])
    assert "not_author" in alice.form("/1/approve", tree=tree, role="security_officer").text


def test_what_changed_after_policy_decided_is_a_conflict(site, monkeypatch):
    """The branch moves between the decision and the effect."""
    pushed(site)
    alice, bob = site.officer("ofc-1"), site.officer("ofc-2")
    tree = alice.post("/branches/change").json["tree"]
    decided = site.served.app.extensions["omega"].acted

    def acted(permit):
        decided(permit)
        if permit.request.action == "policies.approve":
            pushed(site, 3)
            site.repository.fetch()

    gate = site.served.app.extensions["omega"]
    monkeypatch.setitem(
        site.served.app.extensions, "omega", type(gate)(pdp=gate.pdp, subject=gate.subject, acted=acted)
    )
    answer = bob.post("/1/approve", tree=tree, role="compliance_officer")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:omega:problem:conflict")
    assert answer.json["detail"].startswith("branch_moved")


NOTHING = {
    "no such request": ("/9/comments", {"text": "x"}, 404),
    "a comment without text": ("/1/comments", {}, 400),
    "a comment that is too long": ("/1/comments", {"text": "x" * 10_001}, 400),
    "a comment with a nul": ("/1/comments", {"text": "x\0"}, 400),
    "a comment that is a list": ("/1/comments", {"text": ["x"]}, 400),
    "an approval without a tree": ("/1/approve", {"role": "ciso"}, 400),
    "the protected branch": ("/branches/main", {}, 403),
    "a branch that is not there": ("/branches/other", {}, 403),
    "a title that is too long": ("/branches/change", {"title": "x" * 201}, 400),
}


def test_what_is_refused(site):
    pushed(site)
    alice = site.officer("ofc-1")
    assert alice.post("/branches/change").status_code == 201
    for what, (path, document, status) in NOTHING.items():
        assert alice.post(path, **document).status_code == status, what
    with reading() as session:
        assert session.exec(select(CommentRow)).all() == []


def test_a_request_can_be_withdrawn(site):
    pushed(site)
    alice = site.officer("ofc-1")
    alice.post("/branches/change")
    assert alice.post("/1/withdraw").status_code == 200
    assert alice.get("/1").json["state"] == "withdrawn"
    assert alice.get("/7").status_code == 404


def test_without_a_repository_there_are_no_change_requests(site):
    board.install(site.served.app, None)
    alice = site.served.officer("ofc-1", "omega-policy-authors")
    answer = alice.json("/policies/changes")
    assert (answer.status_code, "OMEGA_POLICY_REPOSITORY" in answer.json["detail"]) == (404, True)
    page = alice.get("/policies/changes")
    assert (page.status_code, "Change requests need a policy repository" in page.text) == (404, True)
    assert "omega policy init" in page.text
    assert site.served.visitor().get("/policies/changes").status_code == 303


def test_a_remote_that_is_gone(site):
    pushed(site)
    alice = site.officer("ofc-1")
    site.work.remote.rename(site.work.remote.with_name("gone.git"))
    assert "does not answer" in alice.page("").text
    answer = alice.post("/branches/change")
    assert (answer.status_code, answer.json["type"]) == (503, "urn:omega:problem:repository_unavailable")


def test_a_patch_becomes_a_draft_that_a_person_signs(site):
    alice, bob = site.officer("ofc-1"), site.officer("ofc-2")
    opened = alice.post("/patches/patch/five", title="five", patch=PATCH.replace("\n", "\r\n"))
    assert opened.status_code == 201
    found = alice.get("/1").json
    assert (found["state"], found["refused"], found["strangers"]) == ("draft", "unsigned", 0)
    assert found["files"][0]["lines"][1]["text"] == '{"limit": 5}'
    assert "git commit --amend --no-edit --reset-author -S" in alice.page("/1").text
    refused = bob.post("/1/approve", tree=found["tree"], role="compliance_officer")
    assert [gate["id"] for gate in refused.json["gates"]] == ["signed"]
    signed = site.work.commit({LIMITS: '{"limit": 5}\n'}, ALICE, [site.work.head()], branch="patch/five")
    again = alice.post("/branches/patch/five")
    assert (again.json["number"], again.json["revision"], again.json["head"]) == (1, 2, signed)
    assert bob.post("/1/approve", tree=again.json["tree"], role="compliance_officer").status_code == 201


def test_what_git_format_patch_writes(site, tmp_path):
    clone = tmp_path / "clone"

    def git(*words):
        named = ["git", "-c", "user.name=M", "-c", "user.email=m@x", *words]
        return subprocess.run(named, cwd=tmp_path, check=True, capture_output=True).stdout.decode()

    git("clone", "-q", site.work.remote, clone)
    (clone / LIMITS).write_text('{"limit": 6}\n')
    git("-C", clone, "commit", "-qam", "six")
    patch = git("-C", clone, "format-patch", "-1", "--stdout")
    alice = site.officer("ofc-1")
    assert alice.post("/patches/six", patch=patch).status_code == 201
    assert "m@x" not in str(alice.get("/1").json["authors"])


MODE = "diff --git a/policies/data/limits.json b/policies/data/limits.json\nold mode 100644\nnew mode 100755\n"
LINK = (
    "diff --git a/policies/x b/policies/x\nnew file mode 120000\n--- /dev/null\n+++ b/policies/x\n@@ -0,0 +1 @@\n+y\n"
)
PATCHES = {
    "it does not fit": (PATCH.replace("1}", "7}"), 400),
    "it is no patch": ("hello", 400),
    "it leads out of the repository": (PATCH.replace("policies/data", "../.."), 400),
    "it leads into .git": (PATCH.replace("policies/data/limits.json", ".git/config"), 400),
    "it brings a link": (LINK, 400),
    "it changes no file": (MODE, 400),
    "it is empty": ("", 400),
    "it is too large": (PATCH + "#" * MAX_BYTES, 400),
}


def test_what_is_no_patch(site):
    alice = site.officer("ofc-1")
    for what, (patch, status) in PATCHES.items():
        assert alice.post("/patches/bad", patch=patch).status_code == status, what
        assert site.work.head("bad") is None, what
    assert alice.get("").json["changes"] == []


def test_what_is_no_name_for_the_branch_of_a_patch(site):
    alice = site.officer("ofc-1")
    for name in ("-x", "A", "a..b", "a.lock", "a/", "a" * 101, "refs/heads/../main"):
        assert alice.post(f"/patches/{name}", patch=PATCH).status_code in {400, 403, 404}, name
    assert set(site.repository.branches()) == {"main"}


def test_a_patch_takes_no_name_that_there_is(site):
    pushed(site)
    alice = site.officer("ofc-1")
    for name in ("change", "main"):
        answer = alice.post(f"/patches/{name}", patch=PATCH)
        assert answer.status_code == 403


def test_the_page_of_a_request_shows_what_was_found(site):
    site.checker.said = {
        "admission": {"bundle": "ab" * 32},
        "impact": {
            "unapproved": 3,
            "figures": {"decisions": 9},
            "differences": [
                {
                    "count": 3,
                    "change": "deny to allow",
                    "action": "shop.sell",
                    "rules": ["ripe"],
                    "subject": "user",
                    "examples": [{"id": "c-1", "time": ""}],
                }
            ],
        },
        "owners": {"paths": 1},
        "tests": {
            "error": "1 tests have failed",
            "passed": 3,
            "failures": 1,
            "lines": 10,
            "missed_lines": 1,
            "missed": {"rego/a.rego": [7]},
            "failed": [{"file": "rego/a_test.rego", "line": 3, "name": "test_x", "error": "is not true"}],
        },
    }
    site.work.commit(
        {"README.md": "hello", "policies/data/limits.json": None, "policies/long.json": "1\n" * 4_001},
        ALICE,
        [site.work.head()],
        branch="change",
    )
    alice = site.officer("ofc-1")
    alice.post("/branches/change", description="because\nof this")
    page = alice.page("/1").text
    for said in (
        "9 of 10 lines",
        "rego/a_test.rego:3",
        "3 recorded decisions that were denied would be allowed",
        "belong to nobody",
        "would be admitted",
        "There is more than is shown",
        "deleted",
        "of this",
    ):
        assert said in page, said
