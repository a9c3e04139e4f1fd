"""The control plane as ASGI: made when it is asked, beside the decision plane or alone."""

import asyncio
import subprocess
import sys

import pytest

from app import control_plane
from app.control_plane import Beside, ControlPlane, NotCoveredError, Opened, alone, beside, provider
from app.keys import load as load_keys
from app.pdp.bundle import load
from app.pep import MAX_BODY
from app.settings import Settings, SettingsError
from tests.features.gating import gating
from tests.node import node_environment, prepared
from tests.pdp.shop import FILES, written


def ask(application, path="/", body=b"", headers=()):
    """Return status, headers and body of the answer; None where the caller was gone."""
    sent = []
    parts = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    if body is None:
        parts = parts[1:]

    async def receive():
        return parts.pop(0) if parts else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET" if not body else "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8420),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1:8420"), *headers],
    }
    asyncio.run(asyncio.wait_for(application(scope, receive, send), 30))
    if not sent:
        return None
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:])


class Fake:
    """An application that says its name."""

    def __init__(self, name, paths=()):
        self.name, self.paths = name, paths

    def serves(self, path):
        return path in self.paths

    async def __call__(self, scope, _, send):
        assert scope["type"] in {"http", "lifespan"}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": self.name.encode()})


class Page:
    """What `Opened` is to a control plane."""

    def __init__(self):
        self.application, self.closed = Fake("page"), False

    def largest(self, path, method):
        assert method
        return 2 * MAX_BODY if path == "/file" else MAX_BODY

    def close(self):
        self.closed = True


@pytest.fixture
def settings(tmp_path):
    return prepared(tmp_path)


def test_each_path_has_one_application():
    both = beside(Fake("decision", ["/a"]), Fake("control"))
    assert [ask(both, path)[2] for path in ("/a", "/b")] == [b"decision", b"control"]
    one = alone(Fake("decision", ["/a"]), Fake("control"))
    assert [ask(one, path)[2] for path in ("/a", "/healthz", "/metrics")] == [b"control", b"decision", b"decision"]


def test_what_is_not_http_is_the_firsts_business():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Beside(Fake("decision"), Fake("control"))({"type": "lifespan"}, None, send))
    assert sent[1]["body"] == b"decision"


def test_it_is_made_once_with_the_first_request():
    made = []

    def opened():
        made.append(Page())
        return made[-1]

    plane = ControlPlane(opened, lambda: "r1")
    asyncio.run(plane.close())
    assert made == []
    assert [ask(plane)[0] for _ in range(2)] == [200, 200]
    assert len(made) == 1
    asyncio.run(plane.close())
    assert made[0].closed


def test_policies_that_do_not_cover_it_are_said_once_and_tried_again_with_others(caplog):
    revision, tries = ["r1"], []

    def opened():
        tries.append(revision[0])
        if revision[0] == "r1":
            raise NotCoveredError("no policy decides on `/policies/`")
        return Page()

    plane = ControlPlane(opened, lambda: revision[0])
    for _ in range(2):
        status, headers, body = ask(plane)
        assert (status, headers[b"content-type"]) == (503, b"application/problem+json")
        assert b"control_unavailable" in body
    assert (tries, caplog.text.count("no policy decides on")) == (["r1"], 1)
    revision[0] = "r2"
    assert ask(plane)[2] == b"page"


def test_a_setting_that_cannot_be_used_is_said_and_tried_again(caplog):
    errors = [SettingsError("the secret cannot be read")]

    def opened():
        if errors:
            raise errors.pop()
        return Page()

    plane = ControlPlane(opened, lambda: "r1")
    assert ask(plane)[0] == 503
    assert "the secret cannot be read" in caplog.text
    assert ask(plane)[2] == b"page"


def test_a_worker_makes_it_on_its_own_loop(settings):
    async def make():
        pdp = gating().pdp._pdp
        return control_plane.control_plane(settings, node_of(settings), pdp)._revision()

    assert asyncio.run(make()) == gating().pdp.policies.bundle.digest


def test_too_many_at_once_and_too_much_are_refused(monkeypatch):
    plane = ControlPlane(Page, lambda: "r1")
    assert ask(plane, body=b"a" * (MAX_BODY + 1))[0] == 413
    assert ask(plane, body=None) is None
    assert ask(plane, "/file", b"a" * (MAX_BODY + 1))[0] == 200
    assert ask(plane, "/file", b"a" * (2 * MAX_BODY + 1))[0] == 413
    plane._files._value = 0
    assert [ask(plane, path)[0] for path in ("/file", "/")] == [503, 200]
    monkeypatch.setattr(control_plane, "_MOST", 0)
    assert ask(plane)[0] == 503


def test_the_real_one_answers_from_its_threads(settings):
    plane = ControlPlane(lambda: Opened(settings, node_of(settings), gating().pdp), lambda: "r1")
    status, headers, body = ask(plane, "/session/", headers=[(b"accept", b"text/html")])
    assert (status, b"Sign in" in body) == (200, True)
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    form = [(b"sec-fetch-site", b"same-origin"), (b"content-type", b"application/x-www-form-urlencoded")]
    status, _, body = ask(plane, "/session/link", b"token=x", [*form, (b"content-length", b"7")])
    assert (status, b"login_refused" in body) == (403, True)
    asyncio.run(plane.close())


def node_of(settings):
    return control_plane.keys.load(settings.keys)


def test_other_policies_do_not_cover_it(settings, tmp_path):
    with pytest.raises(NotCoveredError, match=r"no policy decides on .*`policies\.view`"):
        Opened(settings, node_of(settings), gating(load(written(tmp_path / "shop", FILES), "r1")).pdp)


def test_the_provider_is_the_one_that_settings_name(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a-secret\n")
    named = {"OMEGA_OIDC_ISSUER": "https://id.example.org", "OMEGA_PUBLIC_URL": "https://omega.example.org"}
    found = provider(Settings.from_environment(node_environment(tmp_path, **named)))
    assert (found.client_id, found.client_secret, found.groups_claim) == ("omega", None, "groups")
    assert found.redirect_uri == "https://omega.example.org/session/callback"
    named["OMEGA_OIDC_CLIENT_SECRET_FILE"] = str(secret)
    found = provider(Settings.from_environment(node_environment(tmp_path, **named)))
    assert found.client_secret == secret.read_text().strip()
    assert provider(Settings.from_environment(node_environment(tmp_path))) is None


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"a" * 5_000], ids=["none", "empty", "no text", "too long"])
def test_a_secret_that_is_none_is_refused(tmp_path, content):
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    named = {"OMEGA_OIDC_ISSUER": "https://id.example.org", "OMEGA_OIDC_CLIENT_SECRET_FILE": str(secret)}
    with pytest.raises(SettingsError, match="OMEGA_OIDC_CLIENT_SECRET_FILE"):
        provider(Settings.from_environment(node_environment(tmp_path, **named)))


def test_a_worker_has_no_flask_before_a_page_is_asked_for():
    code = "import sys, app.server; print(sorted(sys.modules.keys() & {'flask', 'jinja2', 'authlib', 'app.control'}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_frameworks_of_ones_own_that_are_none_are_named(tmp_path):
    settings = prepared(tmp_path, OMEGA_FRAMEWORKS=str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="OMEGA_FRAMEWORKS: `nowhere` is no directory"):
        Opened(settings, load_keys(settings.keys), gating().pdp)
