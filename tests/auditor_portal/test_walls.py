"""What no page may do, whoever writes it: held against the routes that there are, so that new ones are held as well.

The attacks that are tried here: writing by a safe method, other methods and overrides of them, forms of other sites,
forged cookies, headers that claim to be a proxy's, paths that lead out, names that are none, bodies beyond their size.
Sessions and SAML have their own (`signing_in`, `saml`), slow and large requests too (`test_serving.py`).
"""

import re

import pytest

from app.pep import GatedView
from auditor_portal import application
from tests.auditor_portal.crawling import CONTROL, FIRMS, FOREIGN, MOST, NAMED, OWN, SEEN, crawl, mark, urls, world

WRITING = {f"auditor_portal.{verb}" for verb in ("write", "test_control", "export", "replay", "sign_in", "sign_out")}
"""The actions whose routes may change something: rows of the portal's own schema, or a record in the log."""

LOOKING = {f"auditor_portal.{verb}" for verb in ("view", "read_record", "export", "sign_in", "sign_out")}
"""The actions of routes that are read. What was exported is taken along by GET, as often as one likes; identity
providers send people to and fro by GET, and what signs anybody in is a form."""

TOLD = {"audit_access", "audit_session", "audit_attempt", "audit_saml_request", "audit_saml_message"}
"""The tables that say who looked: a page that is looked at changes them, and nothing else."""

SEEN_BY_VISITORS = {"/sign-in"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def around(tmp_path_factory, migrated_portal):
    directory = tmp_path_factory.mktemp("world")
    (directory / "portal.db").write_bytes(migrated_portal.read_bytes())
    with world(f"sqlite:///{directory / 'portal.db'}", directory) as found:
        yield found


def rules(around):
    """Return the rules that ask somebody, each with its view."""
    app = around.portal.app
    return [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]


def test_every_view_is_gated_or_public_by_name(around):
    ungated = {rule.endpoint for rule, view in rules(around) if not isinstance(view, GatedView)}
    assert ungated <= application.PUBLIC
    actions = {view.action for _, view in rules(around) if isinstance(view, GatedView)}
    assert actions <= WRITING | LOOKING
    assert actions <= set(around.portal.around.pdp.policies.bundle.actions)


def test_what_changes_something_has_an_action_that_says_so(around):
    for rule, view in rules(around):
        unsafe = rule.methods - {"GET", "HEAD", "OPTIONS"}
        if not isinstance(view, GatedView):
            assert not unsafe, rule
        elif unsafe:
            assert unsafe == {"POST"}, rule
            assert view.action in WRITING, rule
            assert "GET" not in rule.methods, rule
        else:
            assert view.action in LOOKING, rule


def one_url(rule, around):
    return next(iter(urls(rule, around.values)))


def test_each_route_knows_its_own_methods_and_no_name_for_another(around):
    browser = around.browser("lead")
    for rule, _ in rules(around):
        at = one_url(rule, around)
        there = {method for other, _ in rules(around) if other.rule == rule.rule for method in other.methods}
        for method in {*UNSAFE, "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} - there:
            answer = browser.client.open(at, method=method, headers={"sec-fetch-site": "same-origin"}, buffered=True)
            assert answer.status_code in {403, 405}, (method, at)
        if "POST" not in there:
            named = {"x-http-method-override": "POST", "x-http-method": "DELETE"}
            answer = browser.client.get(at, headers=named, query_string={"_method": "POST"}, buffered=True)
            assert answer.status_code < 500, at


def document(browser, at):
    """Return the answer to a program."""
    return browser.client.get(at, headers={"accept": "application/json"}, buffered=True)


CONFINED = re.compile(r"default-src 'none';( [a-z-]+-(src|uri|action|ancestors) '(none|self)';?| sandbox)*")


def hardened(answer, *, kept=False):
    """Return what is missing of the headers that every answer has."""
    wanted = {
        "content-security-policy": CONFINED,  # some pages are confined to less than the usual
        "x-content-type-options": re.compile("nosniff"),
        "x-frame-options": re.compile("DENY"),
        "referrer-policy": re.compile("same-origin"),
        "cross-origin-opener-policy": re.compile("same-origin"),
        "cross-origin-resource-policy": re.compile("same-origin"),
    } | ({} if kept else {"cache-control": re.compile("no-store")})
    return {name for name, value in wanted.items() if not value.fullmatch(answer.headers.get(name, ""))}


def test_every_answer_is_hardened_errors_too(around):
    for role in ("lead", "a visitor"):
        browser = around.browser(role)
        for rule, _ in rules(around):
            around.portal.clock.seconds += 1
            at = one_url(rule, around)
            kept = rule.endpoint in {"static", "shared"}
            for answer in (browser.get(at), document(browser, at), browser.client.delete(at, buffered=True)):
                assert hardened(answer, kept=kept) == set(), (role, at, answer.status_code)
                assert answer.headers.getlist("access-control-allow-origin") == []
    for at in ("/nowhere", "/e/", "//", "/e/none/", "/%"):
        assert hardened(around.browser("lead").get(at)) == set(), at


@pytest.mark.slow
@pytest.mark.parametrize("role", SEEN)
def test_who_follows_every_link_finds_nothing_of_anothers_and_changes_nothing(around, role):
    before = around.rows(*TOLD)
    answers = crawl(around, role)
    assert around.rows(*TOLD) == before
    assert len(answers) < MOST, "there is no end to it"
    broken = {at: answer.status_code for at, answer in answers.items() if answer.status_code >= 500}
    assert broken == {}
    shown = [
        (at, mark(name))
        for at, answer in answers.items()
        for name in set(FIRMS) - NAMED[role]
        if mark(name) in answer.text
    ]
    assert shown == []
    found = {at for at, answer in answers.items() if answer.status_code == 200 and at.startswith("/e/")}
    assert {at.split("/")[2] for at in found} <= SEEN[role]
    if any("engagement" in rule.arguments for rule, _ in rules(around)):
        assert {at.split("/")[2] for at in found} == SEEN[role]
        assert {name for name in FIRMS if any(mark(name) in answer.text for answer in answers.values())} == NAMED[role]
    unhardened = {at for at, answer in answers.items() if hardened(answer, kept=at.startswith(("/static", "/shared")))}
    assert unhardened == set()


def test_what_is_anothers_is_as_if_there_were_none(around):
    """The page of an engagement of another firm's, of a sister's, and of none, answer alike: to the byte."""
    browser = around.browser("lead")
    for rule, _ in rules(around):
        if "engagement" in rule.arguments and "GET" in rule.methods:
            known = {name: each[:1] for name, each in around.values.items()}
            answers = []
            for name in (FOREIGN, "sister", "over", "nothing"):
                (at,) = list(urls(rule, known | {"engagement": [name]}))[:1]
                answer = document(browser, at)
                answers.append((answer.status_code, {**answer.json, "decision_id": ""}))
            assert answers == [answers[0]] * len(answers), rule
            assert answers[0][0] == 404, rule


LEADS_OUT = [
    "/static/../application.py",
    "/static/..%2f..%2fapplication.py",
    "/static/%2e%2e/%2e%2e/pyproject.toml",
    "/static/..\\..\\application.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/shared/..%2fsettings.py",
    "/shared/../../LICENSE",
    "/shared/%252e%252e/settings.py",
    "/static/portal.css%00.py",
]


@pytest.mark.parametrize("path", LEADS_OUT)
def test_no_path_leads_out(around, path):
    answer = around.browser("lead").client.get(path, headers={"accept": "text/html"}, buffered=True)
    assert answer.status_code in {308, 400, 404}  # 308: the same without what is twice
    assert "import" not in answer.text


NAMES = ["..", "%2e%2e", "own%00", "own'--", "{{7*777}}", "Own", "own%20", "%ff%fe", "a" * 5_000, "own/..", "👁"]


@pytest.mark.parametrize("name", NAMES, ids=[each[:8] for each in NAMES])
def test_a_name_that_is_none_is_no_engagement(around, name):
    browser = around.browser("lead")
    for rule, _ in rules(around)[:: 1 if name == ".." else 7]:
        if "engagement" in rule.arguments and "GET" in rule.methods:
            at = one_url(rule, around).replace(f"/e/{OWN}/", f"/e/{name}/", 1)
            answer = browser.get(at)
            assert answer.status_code in {308, 400, 404}, at
            assert "5439" not in answer.text
            assert mark(OWN) not in answer.text


def posts(around):
    return [
        one_url(rule, around) for rule, view in rules(around) if "POST" in rule.methods and isinstance(view, GatedView)
    ]


FOREIGN_FORMS = {
    "another site": {"sec-fetch-site": "cross-site"},
    "a sister site": {"sec-fetch-site": "same-site"},
    "another origin": {"origin": "https://evil.example"},
    "no origin": {"origin": "null"},
    "nothing said": {},
    "no token": {"sec-fetch-site": "same-origin"},
    "another's token": {"sec-fetch-site": "same-origin", "x-csrf-token": "0" * 64},
}


@pytest.mark.parametrize("headers", FOREIGN_FORMS.values(), ids=FOREIGN_FORMS)
def test_no_other_site_can_send_a_form(around, headers):
    browser, before = around.browser("lead"), around.rows(*TOLD)
    foreign = {rule.endpoint for rule, _ in rules(around)} & application.FOREIGN
    for rule, _ in rules(around):
        if "POST" in rule.methods and rule.endpoint not in foreign:
            answer = browser.client.post(one_url(rule, around), headers=headers, data={"a": "b"})
            assert answer.status_code == 403, rule
    assert around.rows(*TOLD) == before


FORGED = {
    "a session": {"cookie": "omega-audit=AAAA; __Host-omega-audit=AAAA; session=eyJ1c2VyIjoibGVhZCJ9.x.y"},
    "an identity": {"x-forwarded-user": "acme/lead@acme.example", "remote-user": "acme/lead@acme.example"},
    "a token": {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    "an address": {"x-forwarded-for": "198.51.100.7", "forwarded": "for=198.51.100.7", "x-real-ip": "198.51.100.7"},
    "a host": {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "http"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_what_a_header_claims_opens_nothing(around, headers):
    browser = around.browser("a visitor")
    for rule, view in rules(around):
        if isinstance(view, GatedView) and "GET" in rule.methods:
            around.portal.clock.seconds += 1
            answer = browser.client.get(
                one_url(rule, around), headers={"accept": "text/html", **headers}, buffered=True
            )
            assert answer.status_code != 200 or rule.rule in SEEN_BY_VISITORS, rule
            assert "evil.example" not in str(answer.location)
            assert not any(mark(name) in answer.text for name in FIRMS)


def test_a_body_beyond_its_size_is_refused(around):
    browser = around.browser("lead")
    token = browser.csrf("/e/own/requests")
    for at in posts(around):
        large = {"csrf": token, "text": "x" * (application.MAX_BODY + 1)}
        answer = browser.client.post(at, data=large, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code in {403, 404, 413}, at  # 404: of what does not look at it
        fields = {"csrf": token} | {f"f{number}": "x" for number in range(2_000)}
        answer = browser.client.post(
            at, data=fields, headers={"sec-fetch-site": "same-origin"}, content_type="multipart/form-data"
        )
        assert 400 <= answer.status_code < 500, at


def test_no_form_in_ones_own_engagement_reaches_what_is_anothers(around):
    """Each form is sent to one's own engagement, with the ids of things of others in its place."""
    browser, foreign = around.browser("lead"), {name: each[1:] for name, each in around.values.items()}
    token, before = browser.csrf(f"/e/{OWN}/requests"), foreign_rows(around)
    sent = 0
    for rule, _ in rules(around):
        if "POST" in rule.methods and rule.arguments - {"engagement", "control", "firm"}:
            for at in urls(rule, foreign | {"engagement": [OWN], "control": [CONTROL]}):
                form = {"csrf": token, "text": "mine", "version": "1", "position": "x", "result": "exception"}
                answer = browser.client.post(at, data=form, headers={"sec-fetch-site": "same-origin"}, buffered=True)
                assert answer.status_code in {303, *range(400, 500), 503}, (
                    at
                )  # 303: there is none; 503: nobody replays here
                assert not any(mark(name) in answer.text for name in FIRMS if name != OWN), at
                sent += 1
    assert sent
    assert foreign_rows(around) == before


def foreign_rows(around):
    marks = [mark(name) for name in FIRMS if name != OWN]
    return [row for rows in around.rows(*TOLD).values() for row in rows if any(each in row for each in marks)]
