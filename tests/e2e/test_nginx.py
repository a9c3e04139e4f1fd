"""nginx from Debian asks before each request, by the configuration of docs/proxies.md, and does what it is told."""

import base64
import http.client
import os

import pytest

from tests.e2e.nginx import PROGRAM, USERS, running_backend, running_nginx

pytestmark = pytest.mark.slow


@pytest.fixture
def program():
    if not PROGRAM.exists():
        said = "`make .venv/nginx` fetches Debian's nginx"
        if os.environ.get("CI") == "true":
            pytest.fail(f"nginx has to be tested here: {said}")
        pytest.skip(f"NGINX IS NOT TESTED: {said}")


def asked(port, method, target, user, *, headers=()):
    """Send one request through nginx, to the letter; return the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, target, skip_host=True)
    said = [("host", "portal.example.com"), ("user-agent", "a test"), *headers]
    credentials = base64.b64encode(f"{user}:{USERS.get(user, 'wrong')}".encode()).decode()
    said.append(("authorization", f"Basic {credentials}"))
    for name, value in said:
        connection.putheader(name, value)
    connection.endheaders()
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    return answer.status


FORGED = [
    ("x-omega-authorization", "Bearer x"),
    ("x-forwarded-user", "usr-31"),
    ("x-forwarded-groups", "administrator"),
]
REQUESTS = [
    ("GET", "/admin/users?page=2", "usr-31", 200),
    ("POST", "/admin/users", "usr-31", 200),
    ("GET", "/account", "usr-32", 200),
    ("GET", "/%61ccount", "usr-32", 200),
    ("GET", "/admin/users", "usr-32", 403),
    ("PATCH", "/admin/users", "usr-31", 403),
    ("GET", "/public/../admin/users", "usr-32", 403),
    ("GET", "/public/..%2fadmin/users", "usr-32", 403),
    ("GET", "//admin/users", "usr-31", 403),
]


@pytest.mark.usefixtures("program")
def test_nginx_asks_and_obeys(serving, tmp_path):
    service = serving()
    token = service.token("proxy")
    with running_backend() as backend:
        ways = {"service": service.url, "backend": backend.server_address[1], "token": token}
        with running_nginx(tmp_path / "nginx", **ways) as port:
            statuses = [asked(port, method, target, user) for method, target, user, _ in REQUESTS]
            assert statuses == [status for *_, status in REQUESTS]
            assert asked(port, "GET", "/admin/users", "nobody") == 401
            assert asked(port, "GET", "/admin/users", "usr-32", headers=FORGED) == 403
            through = [(method, path) for method, path, _ in backend.reached]
            assert through == [(method, target) for method, target, _, status in REQUESTS if status == 200]
            for _, _, headers in backend.reached:
                assert "x-omega-authorization" not in headers
                record = service.get(
                    f"/v1/decisions/{headers['x-omega-decision-id']}", Authorization=f"Bearer {token}"
                )["record"]
                assert (record["body"]["action"], record["body"]["result"]["allow"]) == ("http.request", True)
            assert service.stop() == 0
            assert asked(port, "GET", "/account", "usr-32") == 500  # nobody decides, so nothing goes through
            assert len(backend.reached) == len(through)
