"""What the pages of policies say: of revisions from Git, of a directory, and of what nobody may see."""

import pytest

from app.features.policies.errors import RepositoryError
from app.features.policies.library import NoRevisionError
from app.pdp.bundle import load
from auditor_portal.policies import reading
from auditor_portal.policies.approvals import approved
from auditor_portal.policies.in_force import activations
from auditor_portal.policies.shelf import Shelf
from auditor_portal.policies.signers import Signers, Verdict
from tests.auditor_portal.policies.kept import OTHER, activated
from tests.auditor_portal.trail.trails import Trail
from tests.features.policies.signing import ALICE, BOB, MALLORY
from tests.pdp.shop import FILES


def test_what_was_in_force_in_the_period_is_listed(node, look):
    page = look()
    said = page()
    first, second = node.first.digest[:12], node.second.digest[:12]
    assert said.index(second) < said.index(first)
    assert f"{first} 2026-10-20 00:00:00 2026-11-10 00:00:01 {node.commits[0][:12]}" in said
    assert f"{second} 2026-11-10 00:00:01 nothing followed {node.commits[1][:12]}" in said
    assert "and 1 more" in said
    assert OTHER[:12] not in said
    assert f"{'0' * 20}-2" in said  # the decision that permitted it
    assert "Compare" in said


def test_a_period_shows_what_was_in_force_then_alone(node, look):
    said = look(period_start="2026-10-01T00:00:00.000000Z", period_end="2026-11-01T00:00:00.000000Z")()
    assert node.first.digest[:12] in said
    assert node.second.digest[:12] not in said
    assert "Compare" not in said


def test_before_the_index_looks_back_the_table_of_activations_speaks(node, look):
    said = look(node.log(system=False))()
    first, second = node.first.digest[:12], node.second.digest[:12]
    assert f"{first} 2026-10-20 00:00:00 2026-11-10 00:00:00" in said
    assert f"{second} 2026-11-10 00:00:00 2026-12-01 00:00:00" in said
    assert "older than the index looks back" in said


def test_where_nothing_says_what_was_in_force_the_page_says_so(node, look):
    node.forget()
    page = look(node.log(system=False))
    assert "No record in the index says what was in force in this period" in page()
    page(f"/{node.first.digest}", 404)


def test_a_tenant_with_policies_of_its_own_sees_these(node, look):
    page = look(tenant="other")
    said = page()
    assert f"{OTHER[:12]} not kept here policies of its own" in said
    assert f"{node.second.digest[:12]} 2026-11-10 00:00:01 2026-11-10 00:00:03" in said
    page(f"/{OTHER}", 404)


def test_files_are_shown_with_gates_and_numbers(node, look):
    page = look()
    tree = page(f"/{node.second.digest}")
    assert "sell.rego action ripe weighed described" in tree
    assert f"Came from git:{node.commits[1]}" in tree
    said = page(f"/{node.second.digest}/file/rego/shop/sell.rego")
    assert "ripe the fruit is ripe critical blocking soc2/CC8.1 iso27001/A.8.30" in said
    assert "1 package shop.sell 2" in said
    assert "sell_test.rego" in said
    assert "an allow needs every" not in page(f"/{node.second.digest}/file/data/limits.json").lower()
    assert "sell.rego" in page(f"/{node.commits[0]}")  # by the commit, too


def test_a_difference_says_what_it_means_for_rules(node, look):
    page = look()
    said = page(f"/diff?before={node.first.digest}&after={node.second.digest}")
    assert "data.limits" in said
    assert 'removed {"limit": 1}' in said
    assert 'added {"limit": 2}' in said
    assert "1 file differs" in said
    assert "both revisions have the same files" in page(f"/diff?before={node.first.digest}&after={node.first.digest}")
    page("/diff?before=x&after=y", 404)


def test_a_history_names_who_signed(node, look):
    page = look()
    said = page(f"/{node.second.digest}/history/data/limits.json")
    assert f"{node.commits[1][:12]} change" in said
    assert f"verified {ALICE.email}" in said
    assert f"verified {BOB.email}" in page(f"/{node.second.digest}/history")
    assert f"verified {BOB.email}" not in said
    page(f"/{node.second.digest}/history/none", 404)


def test_a_history_that_does_not_hold_says_where(node, look):
    bad = node.work.commit({"policies/data/limits.json": '{"limit": 9}\n'}, MALLORY)
    node.repository.fetch()
    page = look()
    said = page(f"/{bad}/history")
    assert f"The history does not hold as it should, at commit {bad[:12]} : unknown_signer" in said
    assert "not verified" in said
    assert "unknown_signer" in page(f"/{node.second.digest}/approvals")


def test_approvals_are_shown_with_roles_and_decisions(node, look):
    said = look()(f"/{node.second.digest}/approvals")
    assert "Change request 1: limit" in said
    assert "ofc-2 compliance_officer" in said
    assert "ofc-3 security_officer" in said
    assert "Opened by ofc-1, 2026-11-23 12:00:00" in said
    assert "this one" in said
    assert f"Signed exactly this tree {ALICE.email}" in said
    assert "admission passed" in said
    assert "2026-11-10 00:00:00 , decision" in said


def test_what_was_put_in_force_first_says_so(node, look):
    said = look()(f"/{node.first.digest}/approvals")
    assert "No change request brought this commit in" in said
    assert f"Signed exactly this tree {BOB.email}" in said
    assert "Change request 1" not in said


def test_tests_are_those_kept_with_the_revision(node, look):
    page = look()
    said = page(f"/{node.second.digest}/tests")
    assert "Tests that passed 1 of 1" in said
    assert "No mutation score is kept" in said
    (node.settings.bundles / f"{node.first.digest}.tests").unlink()
    (node.settings.bundles / f"{node.first.digest}.opinion").write_text(
        '{"second_opinion": {"engine": "opa/1", "here": "regorus/1", "inputs": 1000, "asked": 9}}'
    )
    said = page(f"/{node.first.digest}/tests")
    assert "No report is kept with this revision" in said
    assert "A second engine, opa/1, decided 1,000 made inputs" in said


NOWHERE = (
    f"/{'0' * 64}",
    f"/{'0' * 40}",
    "/main",
    "/-x",
    "/{second}/file/none",
    "/{second}/file/../../keys",
    "/{branch}",
    f"/{'0' * 64}/approvals",
    f"/{'0' * 64}/tests",
)


def test_what_is_not_there_or_was_never_approved_is_not_found(node, look):
    branch = node.work.commit({"policies/data/limits.json": "{}\n"}, ALICE, [node.work.head()], branch="idea")
    node.repository.fetch()
    page = look()
    for path in NOWHERE:
        page(path.format(second=node.second.digest, branch=branch), 404)


def test_nobody_sees_what_another_tenant_has_of_its_own(node, look):
    (node.settings.bundles / f"{OTHER}.json").write_bytes(node.first.snapshot())
    page = look()
    page(f"/{OTHER}", 404)


def test_policies_that_decided_for_the_tenant_may_be_seen_whatever_else_is_known(node, look):
    trail = node.log(system=False)
    decided = {"policy": {"bundle": node.first.digest, "revision": "r", "engine": "e"}, "result": {"allow": True}}
    trail.a.append("decision", tenant="default", body=decided)
    trail.publish()
    node.forget()
    page = look(trail)
    page(f"/{node.first.digest}")
    page(f"/{node.second.digest}", 404)


def test_without_git_what_was_admitted_is_what_there_is(node, look, tmp_path):
    (tmp_path / "shop").mkdir()
    for path, text in FILES.items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text)
    bundle = load(tmp_path / "shop", "unversioned")
    (node.settings.bundles / f"{bundle.digest}.json").write_bytes(bundle.snapshot())
    (node.settings.policy_mirror / "HEAD").unlink()
    trail = Trail()
    trail.a.append("policy.activated", body=activated(bundle.digest, bundle.revision))
    trail.publish()
    page = look(trail)
    assert f"{bundle.digest[:12]} 2026-11-22 10:46:26 nothing followed unversioned" in page()
    assert "came from a directory of the operator" in page(f"/{bundle.digest}/approvals")
    assert "No policy repository holds this revision" in page(f"/{bundle.digest}/history")
    page(f"/{node.commits[0]}", 404)


def test_what_git_cannot_say_is_left_out(node):
    class Away:
        branch = "main"

        def __getattr__(self, name):
            def refuse(*_, **__):
                raise RepositoryError("away")

            return refuse

    found = approved(node.product, Away(), Verdict(), node.commits[1], activations(node.product))
    assert (found.commits, found.signed, [each["number"] for each in found.changes]) == ((), (), [1])
    shelf = Shelf(node.settings.bundles, Away())
    assert shelf.commit(node.first.digest) is None
    assert shelf.history(node.first.digest, "", 9) == ()
    assert Shelf(node.settings.bundles, None).commit(node.first.digest) is None
    with pytest.raises(NoRevisionError):
        shelf.files(node.commits[0])


def test_a_history_that_git_cannot_walk_says_so(node, monkeypatch):
    def refuse(*_):
        raise RepositoryError("away")

    signers = Signers(node.repository)
    monkeypatch.setattr(node.repository, "commits", refuse)
    assert signers.known().why == "away"


def test_a_mirror_that_cannot_be_used_is_none(node, look, monkeypatch):
    def refuse(*_, **__):
        raise RepositoryError("away")

    monkeypatch.setattr(reading, "Repository", refuse)
    assert "No policy repository holds this revision" in look()(f"/{node.first.digest}/history")


def test_signers_are_found_once_for_a_head(node):
    class Away:
        branch = "main"

        def head(self, branch):  # noqa: ARG002
            raise RepositoryError("away")

    signers = Signers(node.repository)
    known = signers.known()
    assert known is signers.known()
    assert known.signer(node.commits[0]) == BOB.email
    assert known.signer("0" * 40) is None
    more = node.work.commit({"policies/data/limits.json": '{"limit": 3}\n'})
    node.repository.fetch()
    assert signers.known().commits.keys() == {*known.commits, more}
    assert Signers(Away()).known().why == "away"
