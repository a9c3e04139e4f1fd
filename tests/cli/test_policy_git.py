"""`omega policy init`, `fetch`, `activate` and `roll-back`."""

import http.server
import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta

import pytest

from app import activation, keys
from app.cli import policy_git
from app.cli.output import NO_SERVICE
from app.features.policies.git.initialising import parse_signer
from app.pdp.admission import admit
from app.settings import Settings
from evidence.errors import JournalError
from tests.cli.test_decide import decision
from tests.features.policies.signing import ALICE, BOB, MALLORY, work
from tests.node import node_environment, use
from tests.pdp.shop import FILES, SELL

POLICIES = {f"policies/{path}": text for path, text in FILES.items()}
CHANGED = {"policies/rego/shop/sell.rego": SELL.replace("the fruit is ripe", "the fruit is really ripe")}
SIGNER = f"Alice Example <{ALICE.email}> {ALICE.public} laptop"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["content-length"])
        self.server.asked.append(json.loads(self.rfile.read(length)))
        data = json.dumps(self.server.answer).encode()
        data = data.replace(b"8f6-3", b"8f6-%d" % len(self.server.asked))
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Settings of a node on which nothing was ever started: little more than its keys."""
    use(monkeypatch, node_environment(tmp_path))
    made = Settings.from_environment(node_environment(tmp_path))
    keys.ensure(made.keys, made.origin)
    made.bundles.mkdir()
    bundle = activation.read(made.policies)
    activation.snapshot_path(made.bundles, bundle.digest).write_bytes(bundle.snapshot())
    activation.put_in_force(bundle.digest, made.bundles)
    return made


@pytest.fixture
def service(monkeypatch, settings):
    """A service that allows everything; `answer` may be set."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answer, server.asked, server.settings = decision(allow=True)[1], [], settings
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("OMEGA_PORT", str(server.server_port))
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def working(tmp_path, monkeypatch, settings):
    """A repository that the settings name, whose first commit allows Alice and Bob; time has passed since."""
    assert settings.policy_repository is None
    made = work(tmp_path)
    made.at = datetime.now(UTC) - timedelta(days=2)
    made.first = made.commit({"policies/data/limits.json": None} | POLICIES)
    monkeypatch.setenv("OMEGA_POLICY_REPOSITORY", str(made.remote))
    monkeypatch.setattr(activation, "admit_apart", admit)
    return made


def test_a_repository_is_begun_with_a_signed_commit(omega, settings, tmp_path):
    key = ALICE.write(tmp_path)
    key.with_name(f"{key.name}.pub").write_text(ALICE.public)
    place = tmp_path / "policies-of-acme"
    ended = omega("policy", "init", place, "--signer", SIGNER, "--key", key, "--json")
    assert ended.code == 0, ended.errors
    git = ["git", "-C", place]
    said = subprocess.run([*git, "log", "--format=%H %G? %an <%ae>"], capture_output=True, text=True, check=True)
    assert said.stdout == f"{ended.json['commit']} G Alice Example <{ALICE.email}>\n"
    listed = subprocess.run([*git, "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    beside = {"policies/OWNERS.yaml", "policies/allowed_signers"}
    assert set(listed) == beside | {f"policies/{path}" for path in FILES}
    assert (place / "policies" / "allowed_signers").read_text() == ALICE.line()
    assert activation.read(place / "policies").digest == activation.read(settings.policies).digest
    again = omega("policy", "init", place, "--signer", SIGNER)
    assert (again.code, "is not empty" in again.message) == (2, True)


def test_without_a_key_the_first_commit_is_left_to_a_signer(omega, settings, tmp_path):
    (settings.policies / "OWNERS.yaml").write_text("owners: []\n")
    ended = omega("policy", "init", tmp_path / "p", "--signer", SIGNER, "--signer", f"Bob <{BOB.email}> {BOB.public}")
    assert (ended.code, "nothing is committed" in ended.out) == (0, True)
    assert (tmp_path / "p" / "policies" / "allowed_signers").read_text() == ALICE.line() + BOB.line()
    assert (tmp_path / "p" / "policies" / "OWNERS.yaml").read_text() == "owners: []\n"
    assert omega("policy", "init", tmp_path / "q", "--json").json["commit"] is None
    assert "people: []" in omega_owners(tmp_path / "r", omega, settings)


def omega_owners(place, omega, settings):
    (settings.policies / "OWNERS.yaml").unlink()
    assert omega("policy", "init", place).code == 0
    return (place / "policies" / "OWNERS.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(["--signer", "Alice"], "a signer is", id="a name alone"),
        pytest.param(["--signer", "A <a@b> ssh-ed25519 AAAA"], "cannot be used", id="half a key"),
        pytest.param(["--signer", f"A <a,b@c> {ALICE.public}"], "a principal is", id="two addresses"),
        pytest.param(["--key", "none"], "name one, whose", id="a key of nobody"),
        pytest.param(["--signer", SIGNER, "--key", "none"], "is no public key", id="a key that is not there"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_cannot_begin_a_repository(arguments, why, omega, tmp_path):
    ended = omega("policy", "init", tmp_path / "p", *arguments)
    assert ended.code == 2
    assert why in ended.message


@pytest.mark.usefixtures("settings")
def test_where_nothing_can_be_written(omega, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in omega("policy", "init", tmp_path / "file" / "p").message


def test_a_signer_has_a_name_an_address_and_a_key():
    found = parse_signer(SIGNER)
    assert (found.name, found.email, found.key.blob) == ("Alice Example", ALICE.email, ALICE.blob)


def test_what_came_in_is_told(omega, service, working):
    ended = omega("policy", "fetch")
    assert ended.code == 0, ended.errors
    first, _, *rows = ended.out.splitlines()
    assert first == f"main is at {working.first}; 2 new commits, each signed as it has to be"
    assert [row.split()[:2] for row in rows][-1] == [working.first, ALICE.email]
    assert [each["signer"] for each in omega("policy", "fetch", "--json").json["new"]] == [ALICE.email] * 2
    assert service.asked == []
    assert omega("policy", "activate", "--commit", working.first).code == 0
    assert omega("policy", "fetch").out == f"main is at {working.first}; 0 new commits, each signed as it has to be\n"


def test_a_commit_is_put_in_force_as_the_running_service_permits(omega, service, working, settings):
    ended = omega("policy", "activate", "--commit", working.first)
    assert ended.code == 0, ended.errors
    digest = activation.active(settings.bundles).stem
    assert ended.out.splitlines() == [
        f"bundle {digest} (git:{working.first}) is in force; workers swap to it within a second",
        "permitted by decision 01a203ec17c0f73dc8f6-1",
    ]
    [asked] = service.asked
    assert asked["action"] == {"name": "policies.activate"}
    assert (asked["subject"]["type"], asked["subject"]["id"]) == ("job", "node")
    assert asked["resource"]["id"] == working.first
    assert asked["resource"]["properties"]["approval"] == "first"
    back = omega("policy", "roll-back", "--commit", working.first, "--json")
    assert back.json["commit"] == working.first
    assert service.asked[-1]["action"] == {"name": "policies.roll_back"}


def test_what_is_denied_stays_as_it_was(omega, service, working, settings):
    before = activation.active(settings.bundles)
    service.answer = decision(allow=False)[1]
    ended = omega("policy", "activate", "--commit", working.first)
    assert ended.code == 1
    assert ended.message.startswith("denied by decision 01a203ec17c0f73dc8f6-1: ")
    assert activation.active(settings.bundles) == before


def test_without_a_service_nothing_is_put_in_force(omega, working, settings):
    before = activation.active(settings.bundles)
    ended = omega("policy", "activate", "--commit", working.first, "--url", "http://127.0.0.1:1")
    assert ended.code == NO_SERVICE
    assert activation.active(settings.bundles) == before


def test_a_refused_commit_is_on_record(omega, service, working, settings):
    bad = working.commit(CHANGED, MALLORY)
    ended = omega("policy", "activate", "--commit", bad)
    assert ended.code == 1
    assert ended.message.startswith(f"commit {bad} is refused as unknown_signer: the key SHA256:")
    assert service.asked == []
    journals = b"".join(path.read_bytes() for path in settings.journals.rglob("*.evj"))
    assert f'{{"branch":"main","code":"unknown_signer","commit":"{bad}"}}'.encode() in journals
    assert b'"type":"policy.commit_refused"' in journals


@pytest.mark.usefixtures("settings")
def test_a_refusal_that_cannot_be_recorded_is_one_all_the_same(omega, working, monkeypatch):
    def full(*_):
        raise JournalError("the disk is full")

    monkeypatch.setattr(policy_git, "record_now", full)
    working.commit(CHANGED, signed=False)
    ended = omega("policy", "fetch")
    assert ended.code == 1
    assert ended.message.startswith("unsigned: ")
    assert "cannot be recorded" in ended.message


@pytest.mark.usefixtures("settings", "working")
@pytest.mark.parametrize(
    ("name", "value", "code", "why"),
    [
        ("OMEGA_POLICY_REPOSITORY", "", 1, "set OMEGA_POLICY_REPOSITORY"),
        ("OMEGA_POLICY_BRANCH", "other", 1, "no such branch"),
        ("OMEGA_DATABASE", "postgresql://nobody@127.0.0.1:1/none", 2, "cannot be brought"),
    ],
    ids=["no repository", "no such branch", "no database"],
)
def test_what_is_not_set_up_is_one_line(  # noqa: PLR0913, PLR0917 - one row of the table
    omega, monkeypatch, name, value, code, why
):
    monkeypatch.setenv(name, value)
    ended = omega("policy", "fetch")
    assert ended.code == code
    assert why in ended.message


def test_a_data_directory_that_cannot_be_used(omega, working, monkeypatch, tmp_path):
    assert working.first
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "file" / "node"))
    assert "cannot be written" in omega("policy", "fetch").message


@pytest.mark.usefixtures("settings", "working")
def test_a_directory_is_not_put_in_force_beside_git(omega):
    ended = omega("policy", "reload")
    assert ended.code == 2
    assert "omega policy activate --commit" in ended.message
