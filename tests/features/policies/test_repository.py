"""The mirror of a policy repository."""

import subprocess
import threading
from datetime import timedelta

import pytest
from git import GitError

from app.features.policies.errors import MovedError, NotFastForwardError, RepositoryError
from app.features.policies.git import repository as module
from app.features.policies.git.git_program import GitProgram
from app.features.policies.git.repository import FileChange, Repository, transport
from tests.features.policies.signing import ALICE, BOB, ENVIRONMENT, NOW, entry_bytes

LIMIT = "policies/data/limits.json"


def test_what_the_remote_has_is_read(working, mirror):
    first = working.head()
    head = working.commit({LIMIT: "2", "README.md": "x"}, BOB)
    mirror.fetch()
    assert mirror.head("main") == head
    assert mirror.branches() == {"main": head}
    assert mirror.tree(head).keys() == {"allowed_signers", "data/limits.json"}
    assert mirror.tree(head)["data/limits.json"] == b"2"
    assert mirror.file(head, "README.md") == b"x"
    assert mirror.file(first, "README.md") is None
    assert mirror.file(head, "policies/none/x") is None
    assert mirror.tree_id(head) == working.git("rev-parse", f"{head}^{{tree}}")
    assert [each.id for each in mirror.commits(first, head)] == [head]
    assert mirror.commit(head).author_email == BOB.email
    assert mirror.is_ancestor(first, head)
    assert not mirror.is_ancestor(head, first)


def test_what_differs_between_two_commits(working, mirror):
    first = working.head()
    head = working.commit({LIMIT: None, "policies/new.md": "n", "policies/allowed_signers": ALICE.line()})
    mirror.fetch()
    changes = mirror.diff(first, head)
    assert [each.path for each in changes] == ["policies/allowed_signers", LIMIT, "policies/new.md"]
    assert changes[1] == FileChange(path=LIMIT, before=b'{"limit": 1}\n', after=None)
    assert changes[2] == FileChange(path="policies/new.md", before=None, after=b"n")
    assert mirror.diff(head, head) == []


def test_who_wrote_what(working, mirror):
    first = working.head()
    head = working.commit({LIMIT: '{"limit": 1}\nmore\n'})
    mirror.fetch()
    assert [(each.number, each.commit, each.text) for each in mirror.blame(head, LIMIT)] == [
        (1, first, '{"limit": 1}'),
        (2, head, "more"),
    ]
    assert [each.id for each in mirror.history(head, LIMIT)] == [head, first]
    assert [each.id for each in mirror.history(head, most=1)] == [head]
    with pytest.raises(RepositoryError, match="no such file"):
        mirror.blame(head, "policies/none")


def test_several_processes_may_fetch_one_mirror_at_once(working, tmp_path):
    mirrors = [working.mirror(tmp_path / "m") for _ in range(3)]  # locks of their own, as processes have
    failed, rounds = [], 4
    ready, fetched = threading.Barrier(len(mirrors) + 1), threading.Barrier(len(mirrors) + 1)

    def fetching(mirror):
        for _ in range(rounds):
            ready.wait(60)
            try:
                mirror.fetch()
            except RepositoryError as error:
                failed.append(str(error))
            fetched.wait(60)

    threads = [threading.Thread(target=fetching, args=(mirror,)) for mirror in mirrors]
    for thread in threads:
        thread.start()
    heads = []
    for number in range(rounds):
        heads.append(working.commit({LIMIT: f"{number}"}))
        working.git("branch", f"b{number}", heads[-1])
        ready.wait(60)
        fetched.wait(60)
    for thread in threads:
        thread.join()
    assert failed == []
    for mirror in mirrors:
        assert mirror.head("main") == heads[-1]
        assert mirror.branches().keys() == {"main", *(f"b{number}" for number in range(rounds))}
        assert [each.commit for each in mirror.seen()] == heads


def test_a_mirror_that_cannot_be_locked_is_not_fetched_into(working, mirror, tmp_path):
    (tmp_path / "mirror.git" / "omega.fetching").mkdir()
    with pytest.raises(RepositoryError, match="cannot be used"):
        mirror.fetch()
    assert working.head() not in mirror.branches().values()


def test_a_head_is_remembered_when_it_is_first_seen(working, tmp_path):
    times = iter([NOW, NOW + timedelta(minutes=1), NOW])
    mirror = working.mirror(tmp_path / "m", clock=lambda: next(times))
    first = working.head()
    mirror.fetch()
    mirror.fetch()
    second = working.commit({LIMIT: "2"})
    mirror.fetch()
    third = working.commit({LIMIT: "3"})
    mirror.fetch()  # by a clock that was turned back meanwhile
    minute = timedelta(minutes=1)
    expected = [(NOW, first), (NOW + minute, second), (NOW + minute + timedelta(seconds=1), third)]
    assert [(each.at, each.commit) for each in mirror.seen()] == expected


def test_a_branch_goes_on_from_where_it_was_said_to_stand(working, mirror):
    base = working.head()
    proposed = working.commit({LIMIT: "2"}, branch="change", parents=[base])
    mirror.fetch()
    mirror.push_fast_forward(proposed, base)
    assert working.head() == proposed
    assert mirror.head("main") == proposed


def test_nothing_is_pushed_that_does_not_continue_the_branch(working, mirror):
    base = working.head()
    other = working.commit({LIMIT: "2"}, branch="other", parents=[])
    proposed = working.commit({LIMIT: "3"}, branch="change", parents=[base])
    mirror.fetch()
    with pytest.raises(NotFastForwardError):
        mirror.push_fast_forward(other, base)
    working.commit({LIMIT: "4"})
    with pytest.raises(MovedError):
        mirror.push_fast_forward(proposed, base)
    assert working.head() != proposed


def test_a_branch_that_moves_during_the_push_is_not_overwritten(working, mirror, monkeypatch):
    base = working.head()
    proposed = working.commit({LIMIT: "3"}, branch="change", parents=[base])
    mirror.fetch()
    run = GitProgram.run

    def racing(self, *words, **options):
        told = run(self, *words, **options)
        if words[0] == "ls-remote":
            working.commit({LIMIT: "4"})
        return told

    monkeypatch.setattr(GitProgram, "run", racing)
    with pytest.raises(MovedError, match="while it was pushed"):
        mirror.push_fast_forward(proposed, base)


def test_a_push_that_the_remote_refuses_says_so(working, mirror):
    base = working.head()
    proposed = working.commit({LIMIT: "3"}, branch="change", parents=[base])
    mirror.fetch()
    hook = working.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match="git push failed"):
        mirror.push_fast_forward(proposed, base)


@pytest.mark.parametrize("mode", ["120000", "160000"], ids=["a link", "a submodule"])
def test_a_repository_holds_files_alone(mode, working, mirror):
    name = working.write("blob", b"elsewhere") if mode == "120000" else "c" * 40
    below = working.write("tree", entry_bytes({b"x": (mode.encode(), name)}))
    head = working.raw(working.write("tree", entry_bytes({b"policies/": (b"40000", below)})), [], ALICE, working.at)
    working.point("main", head)
    mirror.fetch()
    with pytest.raises(RepositoryError, match="files alone"):
        mirror.tree(head)


def test_sizes_are_limited(working, mirror, monkeypatch):
    head = working.commit({"policies/x.md": "x" * 100, "policies/y.md": "y"})
    mirror.fetch()
    monkeypatch.setattr(module, "MAX_FILE", 99)
    with pytest.raises(RepositoryError, match="of at most 99 bytes"):
        mirror.file(head, "policies/x.md")
    assert mirror.file(head, "policies/y.md") == b"y"  # what was left unread is in nobody's way
    for name, most, why in (
        ("_MOST_DEPTH", 0, "0 deep"),
        ("_MOST_FILES", 2, "at most 2 files"),
        ("MOST_COMMITS", 1, "1 new"),
    ):
        monkeypatch.setattr(module, name, most)
        with pytest.raises(RepositoryError, match=why):
            mirror.tree(head) if name != "MOST_COMMITS" else mirror.commits(None, head)
        monkeypatch.undo()


def test_trees_are_kept_up_to_a_number(mirror, monkeypatch):
    monkeypatch.setattr(module, "_KEPT_TREES", 1)
    mirror.fetch()
    head = mirror.head("main")
    assert mirror.tree(head) == mirror.tree(head)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda m: m.head("none"), id="a branch that is not there"),
        pytest.param(lambda m: m.head("--upload-pack=x"), id="an option as a branch"),
        pytest.param(lambda m: m.head("a..b"), id="a range as a branch"),
        pytest.param(lambda m: m.head("main.lock"), id="a lock as a branch"),
        pytest.param(lambda m: m.commit("HEAD"), id="a name as a commit"),
        pytest.param(lambda m: m.commit("d" * 40), id="a commit that is not there"),
        pytest.param(lambda m: m.commits(None, "--all"), id="an option as a commit"),
        pytest.param(lambda m: m.blob(m.head("main")), id="a commit as a file"),
    ],
)
def test_what_is_not_there_or_no_name_is_refused(call, mirror):
    mirror.fetch()
    with pytest.raises(RepositoryError):
        call(mirror)


def test_names_that_are_not_utf_8_are_refused(working, mirror):
    below = working.write("tree", entry_bytes({b"\xff": (b"100644", working.write("blob", b"x"))}))
    head = working.raw(working.write("tree", entry_bytes({b"policies/": (b"40000", below)})), [], ALICE, working.at)
    working.point("main", head)
    mirror.fetch()
    with pytest.raises(RepositoryError, match="not UTF-8"):
        mirror.tree(head)
    with pytest.raises(RepositoryError, match="damaged"):
        list(module._parse_tree(b"100644 x"))


def test_git_obeys_nothing_of_the_environment(working, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path))
    monkeypatch.setenv("GIT_SSH_COMMAND", "touch it")
    mirror = working.mirror(tmp_path / "m")
    mirror.fetch()
    told = mirror._git.run("config", "--list", "--show-origin").decode()
    assert str(tmp_path) not in told.replace(str(tmp_path / "m"), "")
    assert mirror._git.run("config", "core.hooksPath") == b"/dev/null\n"
    assert "user.name" not in told


def test_hooks_do_not_run(working, tmp_path):
    mirror = working.mirror(tmp_path / "m")
    hook = tmp_path / "m" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    mirror.fetch()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "how"),
    [
        ("https://git.example.org/p.git", "https"),
        ("ssh://git@git.example.org/p.git", "ssh"),
        ("git@git.example.org:p.git", "ssh"),
        ("file:///srv/p.git", "file"),
        ("/srv/p.git", "file"),
    ],
)
def test_a_remote_is_reached_by_one_transport(url, how):
    assert transport(url) == how


def test_another_transport_than_the_remotes_is_not_spoken(working, tmp_path):
    program = GitProgram(tmp_path / "m", transport="https", environment=ENVIRONMENT)
    module.make_bare(tmp_path / "m", program)
    for url in (str(working.remote), "ext::sh -c true", "http://127.0.0.1:1/x"):
        with pytest.raises(RepositoryError, match="not allowed"):
            program.run("fetch", url)


def test_a_local_remote_is_a_bare_repository(tmp_path):
    mirror = Repository(tmp_path / "m", f"file://{tmp_path}", "main", environment=ENVIRONMENT, clock=lambda: NOW)
    with pytest.raises(RepositoryError, match="no bare repository"):
        mirror.fetch()


def test_what_was_fetched_can_be_read_while_a_remote_on_this_machine_is_away(working, tmp_path):
    head = working.head()
    working.mirror(tmp_path / "m").fetch()
    again = Repository(tmp_path / "m", str(tmp_path / "away.git"), "main", environment=ENVIRONMENT, clock=lambda: NOW)
    assert again.head("main") == head


def test_a_call_ends_after_its_time(working, tmp_path):
    mirror = working.mirror(tmp_path / "m")
    with pytest.raises(RepositoryError, match=r"did not complete in 0.1 secs"):
        mirror._git.run("-c", "alias.wait=!exec sleep 9", "wait", seconds=0.1)


def test_a_mirror_that_cannot_be_made(working, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RepositoryError, match="git init failed"):
        working.mirror(tmp_path / "file" / "m")


def test_a_damaged_commit_is_not_read(working, mirror, monkeypatch):
    mirror.fetch()
    head, other = mirror.head("main"), working.commit({LIMIT: "2"})
    mirror.fetch()
    content = GitProgram.content
    monkeypatch.setattr(GitProgram, "content", lambda self, kind, _, most: content(self, kind, other, most))
    with pytest.raises(RepositoryError, match="damaged"):
        mirror.commit(head)


def test_what_goes_wrong_in_gitpython_is_one_error(mirror, monkeypatch):
    def broken(*_, **__):
        raise GitError("x")

    monkeypatch.setattr(GitProgram, "execute", broken)
    with pytest.raises(RepositoryError, match="GitError"):
        mirror.branches()


def test_the_mirror_is_closed_to_others(working, tmp_path):
    working.mirror(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode & 0o077 == 0
    subprocess.run(["git", "-C", tmp_path / "m", "fsck", "--strict"], check=True, capture_output=True)
