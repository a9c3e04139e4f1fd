"""The life of a policy in Git, from an empty directory to a roll back, and what nobody can do to it on the way."""

import json
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from app import activation, keys, log_scan, statement
from app.cli import main
from app.db import open_engine
from app.features.policies.errors import PublicationError
from app.features.policies.git.publication import CURRENT, pack, verify_published
from app.objects import open_objects
from app.pdp.bundle import parse_files
from evidence.reader import Reader
from evidence.store import open_store
from tests.cli.shell import Shell
from tests.e2e.service import Role
from tests.e2e.verified import verified
from tests.features.policies.signing import ALICE, BOB, MALLORY, Work, person
from tests.pdp.evaluating import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CAROL = person("carol")  # whose key counted until the day before yesterday
OWNERS = """owners:
  - paths: ["**"]
    roles: [ciso, compliance_officer, security_officer]
    quorum: 2
    distinct_roles: 2
people:
  - [alice, alice@example.org]
  - [bob, bob@example.org]
  - [dora]
  - [erin]
"""
GROUPS = {
    "bob": ["omega-policy-authors", "omega-ciso"],
    "dora": ["omega-compliance"],
    "erin": ["omega-security"],
}
OTHER = b"package lib.other\n\nimport rego.v1\n\nopen := true\n"
RULES = "policies/rego/marketplace/publish.rego"
TITLE = "tests cover enough of the release"
JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}


@pytest.fixture
def policies(tmp_path):
    """The shipped policies, without those that no page asks for, so that admission is quicker."""
    place = shutil.copytree(ROOT / "policies", tmp_path / "shipped")
    asked = json.loads((place / "data" / "callers.json").read_text())["control"]["actions"]  # by the pages themselves
    kept = {"lib"} | {each.partition(".")[0] for each in asked}
    for path in (place / "rego").iterdir():
        if path.name not in kept:
            shutil.rmtree(path)
    for path in (place / "rego" / "lib").glob("*_test.rego"):
        path.unlink()
    for path in (place / "cases").iterdir():
        if path.name != "session.yaml":
            path.unlink()
    (place / "mutants.yaml").unlink()
    for name, part in (
        ("callers", lambda found: {each: found[each] for each in ("control", "marketplace")}),
        ("overrides", lambda found: found | {"gates": {}}),
    ):
        path = place / "data" / f"{name}.json"
        path.write_text(json.dumps(part(json.loads(path.read_text()))))
    (place / "OWNERS.yaml").write_text(OWNERS)
    return place


class Life:
    """A policy repository, a node that takes its policies from it, and officers at its pages."""

    def __init__(self, tmp_path, policies, serving, shell, setenv):
        self.clone, self.policies, self.browsers = tmp_path / "clone", policies, []
        self.work = Work(tmp_path / "remote.git")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.work.remote], check=True)
        self.service = serving(OMEGA_POLICIES=policies, OMEGA_POLICY_REPOSITORY=self.work.remote, OMEGA_OPA="")
        self.shell = shell  # in this process, so that nobody waits for interpreters
        for name, value in self.service.environment.items():
            if name.startswith("OMEGA_"):
                setenv(name, value)
        setenv("OMEGA_PORT", self.service.url.rpartition(":")[2])
        key = ALICE.write(tmp_path)
        key.with_name(f"{key.name}.pub").write_text(ALICE.public)
        signers = [f"--signer={each.name} <{each.email}> {each.public}" for each in (ALICE, BOB)]
        self.said("policy", "init", self.clone, *signers, "--key", key)
        self.push()
        self.remember("main")

    def push(self):
        """Push the clone, as a person would."""
        subprocess.run(["git", "-C", self.clone, "push", "-q", self.work.remote, "HEAD:main"], check=True)

    def remember(self, branch):
        """Have later commits begin with what a branch has."""
        commit = self.work.git("rev-parse", branch)
        names = self.work.git("ls-tree", "-r", "--name-only", commit).splitlines()
        self.work.trees[commit] = ({name: self.work.git("show", f"{commit}:{name}") + "\n" for name in names}, [])
        return commit

    def said(self, *arguments):
        """Run a command that has to do it, and return what it printed as JSON."""
        done = self.shell(*arguments, "--json")
        assert (done.code, done.errors) == (0, "")
        return done.json

    def refused(self, commit, verb="activate"):
        """Ask for a commit that must not come into force, and return the one line that says why not."""
        before = self.in_force()
        done = self.shell("policy", verb, "--commit", commit)
        assert done.code == 1
        assert self.in_force() == before
        return done.message

    def in_force(self):
        return (self.service.settings.bundles / "active").read_text()

    def swapped(self, digest):
        """Wait until the worker decides by a bundle."""
        while self.service.get("/readyz")["bundle"] != digest:
            time.sleep(0.05)

    def activate(self, commit, verb="activate"):
        done = self.said("policy", verb, "--commit", commit)
        self.swapped(done["bundle"])
        return done

    def publishes(self):
        """Ask for a publication; return whether it is allowed, and by which policies that was decided."""
        answer = self.shell("decide", ROOT / "examples" / "publish.json", "--json").json
        return answer["decision"], answer["context"]["policy"]["bundle"]

    def retitled(self, title):
        """Return the change that gives a gate another title."""
        text = (self.policies / "rego" / "marketplace" / "publish.rego").read_text()
        assert text.count(TITLE) == 1
        return {RULES: text.replace(TITLE, title)}

    def decisions(self):
        """Return the bodies of the decisions on record, in the order of their time."""
        settings = self.service.settings
        reader = Reader(open_store(settings.store, read_only=True), keys.load(settings.keys).log.verifier)
        found = [record for record, _ in log_scan.decisions(reader, settings.journals)]
        return [record.body for record in sorted(found, key=lambda record: record.time)]

    def recorded(self):
        """Return what the journals of the node hold, as bytes."""
        return b"".join(path.read_bytes() for path in self.service.settings.journals.rglob("*.evj"))

    def found(self, kind):
        """Have the node compared with what is declared: it is on record that it differs, by us or by its own job."""
        scanned = self.shell("drift", "scan", "--json")
        records = self.recorded()
        assert b'"type":"policy.drift_found"' in records, scanned
        assert f'"kind":"{kind}"'.encode() in records, scanned

    def commit(self, change, by=ALICE, **how):
        return self.work.commit(change, by, **({"at": datetime.now(UTC).replace(microsecond=0)} | how))

    def limited(self, window, **windows):
        """Return the change that has policies put in force in `window` alone; `windows` are other days of the week."""
        limits = json.loads((self.policies / "data" / "thresholds.json").read_text())
        limits["policies"]["activate"]["change_window"] = window
        calendar = json.loads((self.policies / "data" / "change_windows.json").read_text())
        for name, days in windows.items():
            times = [{"days": [f"{day:%A}" for day in days], "from": "00:00", "to": "24:00"}]
            calendar["windows"][name] = {"zone": "UTC", "allow": times, "deny": [], "freezes": []}
        calendar["freezes"] = []
        files = {"thresholds": limits, "change_windows": calendar}
        return {f"policies/data/{name}.json": json.dumps(each) for name, each in files.items()}

    def officer(self, name):
        """Sign an officer in, with a second factor that a test may claim for them."""
        browser = httpx.Client(base_url=self.service.url, headers=JSON, follow_redirects=True, timeout=60)
        self.browsers.append(browser)
        link = self.said("officer", "login", "--id", name, "--groups", *GROUPS[name])["url"]
        token = httpx.URL(link).params["token"]
        page = browser.get("/session/link", params={"token": token}, headers={"accept": "text/html"})
        data = {"token": token, "csrf": csrf(page.text)}
        page = browser.post("/session/link", data=data, headers={"accept": "text/html"})
        assert page.status_code == 200, page.text
        engine = open_engine(self.service.settings.product)
        with engine.begin() as connection:
            connection.execute(text("UPDATE officer_session SET second_factor = 1"))
        engine.dispose()
        shown = browser.get("/policies/changes", headers={"accept": "text/html"})
        browser.headers["x-csrf-token"] = csrf(shown.text)
        return browser

    def checked(self, browser, number):
        """Return a change request once all its checks have ended."""
        while True:
            found = browser.get(f"/policies/changes/{number}").json()
            if {each["status"] for each in found["checks"]} <= {"passed", "failed"}:
                return found
            time.sleep(0.2)


def csrf(page):
    mark = 'name="csrf" value="'
    return page.partition(mark)[2].partition('"')[0] if mark in page else ""


@pytest.fixture
def life(tmp_path, policies, serving, monkeypatch, capsys):
    made = Life(tmp_path, policies, serving, Shell(main, capsys), monkeypatch.setenv)
    yield made
    for browser in made.browsers:
        browser.close()


def test_the_life_of_a_policy(life, say, monkeypatch):
    begun = time.monotonic()
    first = life.work.head()
    old = life.activate(first)["bundle"]
    assert life.publishes() == (True, old)

    # An edit whose tests fail goes nowhere, neither here nor there.
    rule = life.clone / "policies" / "rego" / "marketplace" / "publish.rego"
    rule.write_text(rule.read_text().replace("signature.verified == true", "signature.verified == false"))
    monkeypatch.setenv("OMEGA_POLICIES", str(life.clone / "policies"))
    assert life.shell("policy", "test").code == 1
    broken = life.commit({RULES: rule.read_text()}, branch="broken", parents=[first])
    assert "fails" in life.refused(broken)

    # A good one is proposed, checked, and approved by two others, for exactly its tree.
    change = life.commit(
        life.retitled("tests cover as much as is asked for"), BOB, branch="another-title", parents=[first]
    )
    bob, dora, erin = map(life.officer, ("bob", "dora", "erin"))
    opened = bob.post("/policies/changes/branches/another-title", json={"title": "Another title"})
    assert opened.status_code == 201, opened.text
    number = opened.json()["number"]
    shown = life.checked(bob, number)
    assert {each["name"]: each["status"] for each in shown["checks"]} == dict.fromkeys(
        ("admission", "impact", "owners", "tests"), "passed"
    ), shown["checks"]
    mine = {"tree": shown["tree"], "role": "ciso"}
    approved = f"/policies/changes/{number}/approve"
    refused = bob.post(approved, json=mine)
    assert (refused.status_code, "not_author" in refused.text or "wrote" in refused.text) == (403, True), refused.text
    other = dora.post(approved, json={"tree": "0" * 40, "role": "compliance_officer"})
    assert other.status_code == 403, other.text
    assert "shown" in other.text
    assert dora.post(approved, json={"tree": shown["tree"], "role": "compliance_officer"}).status_code == 201
    early = erin.post(f"/policies/changes/{number}/merge", json={"tree": shown["tree"]})
    assert early.status_code == 403, early.text
    assert erin.post(approved, json={"tree": shown["tree"], "role": "security_officer"}).status_code == 201

    # Somebody is quicker: what was approved is not what would come about.
    raced = life.commit({"policies/NOTES.md": "quicker\n"}, parents=[first])
    late = erin.post(f"/policies/changes/{number}/merge", json={"tree": shown["tree"]})
    assert late.status_code in {403, 409}, late.text
    assert life.work.head() == raced
    life.work.point("main", first)
    merged = erin.post(f"/policies/changes/{number}/merge", json={"tree": shown["tree"]})
    assert merged.status_code == 200, merged.text
    assert life.work.head() == change

    # It decides from its activation on, and the old ones do again after a roll back.
    new = life.activate(change)["bundle"]
    assert life.publishes() == (True, new)
    assert "refused as rewritten" in life.refused(raced, "roll-back")
    assert life.activate(first, "roll-back")["bundle"] == old
    assert life.publishes() == (True, old)
    say(f"the life of a policy: {time.monotonic() - begun:.1f} s")
    assert life.service.stop() == 0
    verified(life.service.settings.store, life.service.settings.keys / "log.vkey")


def test_a_change_window(life):
    now = datetime.now(UTC)
    first, shut = life.work.head(), [now + timedelta(days=3), now + timedelta(days=4)]
    near = [now + timedelta(days=day) for day in (-1, 0, 1)]  # whenever this test ends
    old = life.activate(first)["bundle"]
    life.commit(life.limited("week", week=shut))
    closed = life.commit({}, BOB)
    opened = life.activate(closed)  # at any time, as the policies before say
    life.commit(life.limited("week", week=near))
    wider = life.commit({}, BOB)
    assert "in_change_window: the change window for policies is open" in life.refused(wider)
    assert life.publishes() == (True, opened["bundle"])

    # Who turns to an earlier state needs no window; from there on it is open, and then open by the calendar.
    assert life.activate(first, "roll-back")["bundle"] == old
    life.activate(wider)
    life.commit(life.retitled("tests cover as much as is asked for"))
    inside = life.activate(life.commit({}, BOB))
    assert life.publishes() == (True, inside["bundle"])

    assert life.service.stop() == 0
    verified(life.service.settings.store, life.service.settings.keys / "log.vkey")
    decided = [each for each in life.decisions() if each["action"] == "policies.activate"]
    results = [(each["resource"]["id"], each["result"]["allow"], each["result"]["failed"]) for each in decided]
    assert (wider, False, ["in_change_window"]) in results
    assert "in_change_window" in decided[-1]["result"]["passed"]
    assert [each["policy"]["bundle"] for each in decided][-1] != opened["bundle"]


def test_what_nobody_can_do(life):
    signers = ALICE.line() + BOB.line() + CAROL.line(f'valid-before="{datetime.now(UTC) - timedelta(days=2):%Y%m%d}Z" ')
    first = life.work.head()
    life.activate(first)
    second = life.commit({"policies/allowed_signers": signers})
    assert "approved" in life.refused(second)  # signed by one alone
    approved = life.commit({}, BOB)
    settings, in_force = life.service.settings, life.activate(approved)["bundle"]

    attacks = {
        "unsigned": {"signed": False},
        "unknown_signer": {"by": MALLORY},
        "bad_signature": {"signed": ALICE.sign(b"something else")},
        "expired_signer": {"by": CAROL},
        "clock": {"by": CAROL, "at": datetime.now(UTC) - timedelta(days=30)},
        "rewritten": {"parents": [first]},
    }
    for code, how in attacks.items():
        bad = life.commit(life.retitled("nothing is asked for"), **how)
        assert f"commit {bad} is refused as {code}: " in life.refused(bad), code
        life.work.point("main", approved)
    aside = life.commit(life.retitled("nothing is asked for"), BOB, branch="aside", parents=[approved])
    both = life.commit({}, ALICE, branch="aside")
    assert aside != both
    assert "on_branch" in life.refused(both)
    assert "come from Git" in life.shell("policy", "reload").message

    # An edited bundle in the store is no bundle, and the next activation puts it right.
    objects, key = open_objects(settings.bundle_store), keys.ensure_bundle_key(settings.keys)
    published = verify_published(objects, key.public_key()).bundle
    assert published.digest == in_force
    objects.delete(CURRENT)
    objects.put(CURRENT, pack(published, MALLORY.key))
    with pytest.raises(PublicationError, match="another key"):
        verify_published(objects, key.public_key())
    life.found("edited_bundle")
    life.activate(approved)
    assert verify_published(objects, key.public_key()).bundle.digest == in_force

    # A module that no commit has comes into a running worker past everything, and is found.
    files = {path: each.encode() for path, each in published.files.items()} | {"rego/lib/other.rego": OTHER}
    foreign = parse_files(files, published.revision)
    activation.snapshot_path(settings.bundles, foreign.digest).write_bytes(foreign.snapshot())
    activation.put_in_force(foreign.digest, settings.bundles)
    life.found("foreign_module")
    assert life.activate(approved)["bundle"] == in_force

    assert life.service.stop() == 0
    found = verified(settings.store, settings.keys / "log.vkey")
    records = life.recorded()
    for code in attacks:
        assert f'"code":"{code}"'.encode() in records, code
    assert found is not None


def test_a_node_that_differs_is_healed_while_it_runs(policies, serving):
    """Its policies come from a directory; the scan is that of its own job."""
    node = serving(OMEGA_POLICIES=policies, OMEGA_OPA="", OMEGA_JOBS="yes", OMEGA_DRIFT_S=1, OMEGA_WORKERS=1)
    settings, declared = node.settings, statement.verify_stated(node.settings)

    # Other policies, whole and admitted as they are, that nobody put in force.
    files = {path.relative_to(policies).as_posix(): path.read_bytes() for path in policies.rglob("*") if path.is_file()}
    foreign = parse_files(files | {"rego/lib/other.rego": OTHER}, "unversioned")
    activation.snapshot_path(settings.bundles, foreign.digest).write_bytes(foreign.snapshot())
    activation.put_in_force(foreign.digest, settings.bundles)
    until(lambda: (settings.bundles / "active").read_text() == declared)
    until(lambda: node.get("/readyz")["bundle"] == declared)

    # A module that only the worker knows of: it is what a worker says that is compared.
    (worker,) = node.processes()[Role.WORKER]
    place = settings.status / "worker-0.json"

    def another():
        said = json.loads(place.read_text())
        if said["pid"] != worker:
            return True
        said["loaded"]["modules"]["rego/lib/other.rego"] = "f" * 64
        scratch = place.with_name("scratch")
        scratch.write_text(json.dumps(said | {"time": time.time()}))
        scratch.replace(place)
        return False

    until(another)
    assert "worker 0" in node.log
    until(lambda: node.get("/readyz").get("bundle") == declared)
    assert node.processes()[Role.WORKER] != [worker]
    assert node.stop() == 0
    records = b"".join(path.read_bytes() for path in settings.journals.rglob("*.evj"))
    for said in (b'"kind":"foreign_module","place":"rego/lib/other.rego"', b'"replaced":["worker 0"]'):
        assert said in records
    verified(settings.store, settings.keys / "log.vkey")


def until(condition):
    while not condition():
        time.sleep(0.02)
