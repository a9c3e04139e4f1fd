"""Every commit since the last verified one: who may sign, and what else has to hold."""

from datetime import timedelta

import pytest

from app.features.policies.errors import RefusedCommitError
from app.features.policies.git.verified_history import verify
from tests.features.policies.signing import ALICE, BOB, MALLORY, NOW

LIMIT = "policies/data/limits.json"
SIGNERS = "policies/allowed_signers"


def judged(mirror, since, until, now=NOW):
    return [(each.id, each.principal) for each in verify(mirror, since, until, now)]


def refusal(mirror, since, until, now=NOW):
    with pytest.raises(RefusedCommitError) as refused:
        verify(mirror, since, until, now)
    return refused.value.commit, refused.value.code


def test_a_straight_history_is_verified_commit_by_commit(working, mirror):
    first = working.head()
    second = working.commit({LIMIT: "2"}, BOB)
    third = working.commit({LIMIT: "3"})
    mirror.fetch()
    assert judged(mirror, None, third) == [(first, ALICE.email), (second, BOB.email), (third, ALICE.email)]
    assert judged(mirror, second, third) == [(third, ALICE.email)]
    assert judged(mirror, third, third) == []


def test_what_is_verified_is_described(working, mirror):
    head = working.commit({LIMIT: "2"}, BOB)
    mirror.fetch()
    [verified] = verify(mirror, working.parent(working.head()), head, NOW)
    assert (verified.tree, verified.author_email) == (mirror.tree_id(head), BOB.email)
    assert (verified.parents, verified.committed_at) == ((working.parent(working.head()),), working.at)


BREACHES = {
    "not signed": ({"signed": False}, "unsigned"),
    "signed by somebody who is not on the list": ({"by": MALLORY}, "unknown_signer"),
    "signed for a file": ({"signed": ALICE.sign(b"x", b"file")}, "bad_signature"),
    "signed over another commit": ({"signed": ALICE.sign(b"x")}, "bad_signature"),
    "signed with OpenPGP": ({"signed": b"-----BEGIN PGP SIGNATURE-----\n"}, "bad_signature"),
    "made tomorrow": ({"at": NOW + timedelta(days=1)}, "clock"),
    "made before the commit it continues": ({"at": NOW - timedelta(days=300)}, "clock"),
}


@pytest.mark.parametrize(("how", "code"), BREACHES.values(), ids=BREACHES)
def test_a_commit_that_is(how, code, working, mirror):
    since = working.head()
    bad = working.commit({LIMIT: "2"}, **how)
    working.at = NOW - timedelta(days=20)
    head = working.commit({LIMIT: "3"}, at=max(working.at, how.get("at", working.at)))
    mirror.fetch()
    assert refusal(mirror, since, bad) == (bad, code)
    assert refusal(mirror, since, head) == (bad, code)  # a good one above it heals nothing


def test_nobody_lets_himself_in(working, mirror):
    since = working.head()
    head = working.commit({SIGNERS: ALICE.line() + MALLORY.line()}, MALLORY)
    mirror.fetch()
    assert refusal(mirror, since, head) == (head, "unknown_signer")


def test_who_was_let_in_by_a_commit_signs_the_next(working, mirror):
    since = working.head()
    working.commit({SIGNERS: ALICE.line() + MALLORY.line()})
    head = working.commit({LIMIT: "2"}, MALLORY)
    mirror.fetch()
    assert judged(mirror, since, head)[-1] == (head, MALLORY.email)


def test_who_was_struck_off_signs_nothing_more_not_even_on_an_old_branch(working, mirror):
    since = working.head()
    old = working.commit({LIMIT: "5"}, BOB, branch="old", parents=[since])
    working.commit({SIGNERS: ALICE.line()})
    merge = working.commit({LIMIT: "5"}, parents=[working.head(), old])
    mirror.fetch()
    assert refusal(mirror, since, merge) == (old, "unknown_signer")
    direct = working.commit({LIMIT: "6"}, BOB, parents=[working.parent(working.head())])
    mirror.fetch()
    assert refusal(mirror, since, direct) == (direct, "unknown_signer")


def test_a_merge_brings_in_commits_that_are_each_judged(working, mirror):
    since = working.head()
    side = working.commit({LIMIT: "5"}, BOB, branch="side", parents=[since])
    trunk = working.commit({"policies/data/other.json": "{}"})
    merge = working.commit({LIMIT: "5"}, parents=[trunk, side])
    mirror.fetch()
    assert {name for name, _ in judged(mirror, since, merge)} == {side, trunk, merge}
    bad = working.commit({LIMIT: "7"}, branch="side", signed=False)
    again = working.commit({LIMIT: "7"}, parents=[merge, bad])
    mirror.fetch()
    assert refusal(mirror, since, again) == (bad, "unsigned")


def test_a_merge_whose_first_parent_is_the_branch_is_walked_along_the_verified_commit(working, mirror):
    first = working.head()
    side = working.commit({"policies/data/other.json": "{}"}, BOB, branch="side", parents=[first])
    since = working.commit({LIMIT: "2"}, parents=[first])
    merge = working.commit({LIMIT: "2"}, parents=[side, since])
    mirror.fetch()
    assert {name for name, _ in judged(mirror, since, merge)} == {side, merge}


def test_a_history_without_common_root_lets_nobody_in(working, mirror):
    since = working.head()
    foreign = working.commit({SIGNERS: MALLORY.line()}, MALLORY, branch="foreign", parents=[])
    merge = working.commit({LIMIT: "2"}, parents=[since, foreign])
    mirror.fetch()
    assert refusal(mirror, since, merge) == (foreign, "unknown_signer")
    assert refusal(mirror, None, merge) == (foreign, "unknown_signer")


def test_a_rewritten_branch_is_found(working, mirror):
    since = working.commit({LIMIT: "2"})
    mirror.fetch()
    other = working.commit({LIMIT: "9"}, parents=[working.parent(working.head())])
    mirror.fetch()
    assert mirror.head("main") == other
    assert refusal(mirror, since, other) == (other, "rewritten")
    assert refusal(mirror, "b" * 40, other) == (other, "rewritten")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nobody is left"),
        ("x\n", "a line is"),
        (None, "nobody is left"),
        (MALLORY.line('namespaces="file" '), "nobody"),
    ],
    ids=["empty", "no list", "removed", "of nobody who signs commits"],
)
def test_a_list_that_would_lock_everybody_out_is_refused_before_it_does(text, why, working, mirror):
    since = working.head()
    head = working.commit({SIGNERS: text})
    mirror.fetch()
    with pytest.raises(RefusedCommitError, match=why) as refused:
        verify(mirror, since, head, NOW)
    assert refused.value.code == "signers"


def test_a_malformed_commit_is_refused(working, mirror):
    since = working.head()
    tree = working.tree(working.trees[since][0])
    head = working.raw(tree, [since], ALICE, working.at, also=b"gpgsig-sha256 x\n")
    working.point("main", head)
    mirror.fetch()
    assert refusal(mirror, since, head) == (head, "malformed")


class TestDates:
    """A signer counts until 10 November; it is the 23rd."""

    UNTIL = 'valid-before="20261110Z" '

    @pytest.fixture
    def working(self, begin):
        return begin(ALICE.line() + BOB.line(self.UNTIL))

    def test_an_expired_signer_is_refused(self, working, tmp_path):
        since = working.head()
        head = working.commit({LIMIT: "2"}, BOB, at=NOW - timedelta(hours=1))
        mirror = working.mirror(tmp_path / "m")
        mirror.fetch()
        assert refusal(mirror, since, head) == (head, "expired_signer")

    def test_a_clock_that_was_turned_back_lets_no_expired_signer_in(self, working, tmp_path):
        since = working.head()
        head = working.commit({LIMIT: "2"}, BOB)  # by its own words of October
        mirror = working.mirror(tmp_path / "m")
        mirror.fetch()
        assert refusal(mirror, since, head) == (head, "expired_signer")

    def test_what_was_seen_in_time_stays_good(self, working, tmp_path):
        since = working.head()
        times = iter([NOW - timedelta(days=20), NOW])
        mirror = working.mirror(tmp_path / "m", clock=lambda: next(times))
        seen = working.commit({LIMIT: "2"}, BOB)
        mirror.fetch()
        assert judged(mirror, since, seen) == [(seen, BOB.email)]
        late = working.commit({LIMIT: "3"}, BOB)
        mirror.fetch()
        assert refusal(mirror, since, late) == (late, "expired_signer")

    def test_a_signer_whose_time_has_not_come_is_refused(self, begin, tmp_path):
        working = begin(ALICE.line() + BOB.line('valid-after="20261110Z" '))
        since = working.head()
        head = working.commit({LIMIT: "2"}, BOB)
        mirror = working.mirror(tmp_path / "m")
        mirror.fetch()
        assert refusal(mirror, since, head) == (head, "expired_signer")


def test_git_itself_says_the_same(begin, tmp_path):
    """Of good, unsigned, foreign and forged commits `git log` says G, N, U and B."""
    working = begin(ALICE.line() + BOB.line('valid-before="20261110Z" '))
    listed = tmp_path / "signers"
    listed.write_text(ALICE.line() + BOB.line('valid-before="20261110Z" '))
    base = working.head()
    cases = {
        "G": {"by": ALICE},
        "N": {"signed": False},
        "U": {"by": MALLORY},
        "B": {"signed": ALICE.sign(b"x")},
    }
    expected = {"G": None, "N": "unsigned", "U": "unknown_signer", "B": "bad_signature"}
    made = {mark: working.commit({LIMIT: mark}, parents=[base], branch=mark, **how) for mark, how in cases.items()}
    made["expired"] = working.commit({LIMIT: "e"}, BOB, parents=[base], branch="expired", at=NOW - timedelta(hours=1))
    mirror = working.mirror(tmp_path / "m")
    mirror.fetch()
    for mark, commit in made.items():
        command = ["-c", f"gpg.ssh.allowedSignersFile={listed}", "log", "-1", "--format=%G?", commit]
        said = working.git(*command)
        assert said == ("U" if mark == "expired" else mark)
        code = None
        try:
            verify(mirror, base, commit, NOW)
        except RefusedCommitError as refused:
            code = refused.code
        assert code == ("expired_signer" if mark == "expired" else expected[mark])


def test_what_git_and_ssh_keygen_sign_is_verified(tmp_path, working, mirror):
    key = ALICE.write(tmp_path)
    since = working.head()
    settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
    message = ["-m", "by git\n\nwith two lines"]
    head = working.git(*settings, "commit-tree", "-S", "-p", since, *message, working.tree(working.trees[since][0]))
    working.point("main", head)
    mirror.fetch()
    later = NOW + timedelta(days=4_000)  # git takes the machine's clock
    mirror.seen = list
    assert judged(mirror, since, head, later) == [(head, ALICE.email)]
