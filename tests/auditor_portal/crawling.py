"""A world with something of everybody's in it, and somebody who follows every link and tries every route of a portal.

What belongs to one engagement is marked with a word of its own, so that a page that shows another's is found whatever
it is about. The routes are those of the application that is crawled: a page that is added is crawled, too.
"""

import hashlib
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import islice, product
from urllib.parse import quote, urljoin, urlsplit

from werkzeug.exceptions import HTTPException

from app import schema
from app.audits.database import PortalRow, portal_data
from app.audits.rows_requests import MessageRow, RequestRow
from app.audits.rows_searches import SavedSearchRow
from app.audits.rows_work import ConclusionRow, ExportRow, ItemRow, NoteRow, RunRow, SampleRow
from app.db import open_engine
from app.settings import Settings
from auditor_portal.entrance import session_of_auditor
from auditor_portal.product import Product
from auditor_portal.product import install as install_product
from auditor_portal.signing_in.desk import Desk
from evidence.keys import VerifierKey
from evidence.reader import Reader
from tests.auditor_portal.portal import ORIGIN, auditor, engagement, firm, served, takes_part
from tests.auditor_portal.saml import forge
from tests.evidence.logs import SIGNER
from tests.features.serving import NOW
from tests.index.logged import Logged, body

LEAD, STAFF, THEIRS, LATE = "lead@acme.example", "staff@acme.example", "x@other.example", "late@acme.example"
OWN, SISTER, FOREIGN, OVER, NEXT = "own", "sister", "foreign", "over", "next"
FIRMS = {OWN: "acme", SISTER: "acme", FOREIGN: "other", OVER: "acme", NEXT: "acme"}
TENANTS = {OWN: "default", SISTER: "sister", FOREIGN: "foreign", OVER: "over", NEXT: "next"}
NAMED = {
    "lead": {OWN},
    "staff": {OWN},
    "another firm's": {FOREIGN},
    "of one that is over": {OVER, NEXT},
    "a visitor": set(),
}
"""Which engagements each may know of: one's own are listed, over or to come."""

CONTROL, CHAIN = "access-review", "01a202dd3c9300000000"

SEEN = {"lead": {OWN}, "staff": {OWN}, "another firm's": {FOREIGN}, "of one that is over": set(), "a visitor": set()}
"""Which engagements each may look at; any other is denied with a reason, or as if there were none."""

MOST = 1_000  # requests of one crawl
_EACH, _FOREIGN = 8, 1  # of each route, in an engagement that may be looked at, and in any other
_TRIED = 60  # URLs that are made of one route


def mark(name):
    """Return the word that is on everything of an engagement."""
    return f"marked-{name}"


def people():
    """Return the rows of the world: two firms, five engagements, and who takes part."""
    past = {"starts": "2026-09-01T00:00:00.000000Z", "ends": "2026-10-01T00:00:00.000000Z"}
    future = {"starts": "2026-12-01T00:00:00.000000Z", "ends": "2027-02-01T00:00:00.000000Z"}
    over = {"period_start": "2026-11-01T00:00:00.000000Z", "period_end": "2026-12-01T00:00:00.000000Z"}
    changed = {OVER: past, NEXT: future}
    return (
        *(firm(each, idp=forge.provider().as_json()) for each in ("acme", "other")),
        *(auditor(each) for each in (LEAD, STAFF, LATE)),
        auditor(THEIRS, "other"),
        *(
            engagement(name, FIRMS[name], title=mark(name), tenant=TENANTS[name], **over | changed.get(name, {}))
            for name in FIRMS
        ),
        takes_part(LEAD, engagement=OWN),
        takes_part(STAFF, engagement=OWN, role="staff"),
        takes_part(THEIRS, "other", FOREIGN),
        takes_part(LATE, engagement=OVER),
        takes_part(LATE, engagement=NEXT),
        *(row for number, name in enumerate(FIRMS, 1) for row in work(name, number)),
    )


def name_of(engagement):
    """Return the id of what there is one of in an engagement: a run, a sample, an export."""
    return hashlib.sha256(engagement.encode()).hexdigest()[:32]


def work(name, number):
    """Return what auditors and officers wrote in an engagement, all of it marked; its saved search has this number."""
    by, at, marked, one = f"{FIRMS[name]}/{LEAD}", int(NOW), mark(name), name_of(name)
    mine = {"engagement": name, "decision_id": f"d-{name}"}
    whole = {"period_start": "2026-11-01T00:00:00.000000Z", "period_end": "2026-12-01T00:00:00.000000Z", "auditor": by}
    asked = {"number": 1, "side": "auditor", "by": by, "at": at, "state": "open"}
    made = {"id": one, "state": "failed", "owner": "", "asked_at": at, "problem": marked}
    about = {"control": CONTROL, "version": 1, "auditor": by, "at": at}
    return (
        RequestRow(**mine, **asked, reference="R-1", title=marked, text=marked, control="", due="", changed_at=at),
        MessageRow(**mine, **asked | {"state": ""}, request=1, text=marked),
        SavedSearchRow(**mine, id=number, author=by, name=marked, query="action=agent.publish", at=at),
        RunRow(**mine, **whole, **made, control="", phase="events"),
        SampleRow(
            **mine,
            id=one,
            control=CONTROL,
            test="",
            kind="picked",
            run="",
            seed="",
            query="",
            population_sha256="",
            population=0,
            auditor=by,
            made_at=at,
        ),
        ItemRow(sample=one, position=f"{CHAIN}-0", number=1, reason=marked),
        NoteRow(**mine, **about, about=f"control {name}", sample="", position="", result="", text=marked),
        ConclusionRow(**mine, **about, conclusion="not_tested", by_rule="not_tested", run="", reason=marked),
        ExportRow(**mine, **whole, **made, framework="soc2", format="pdf"),
    )


def logged():
    """Return a log with records of each tenant, marked, in segments that they share."""
    found = Logged()
    chain = found.chain()
    for name, tenant in TENANTS.items():
        chain.append("decision", tenant=tenant, body=body(resource={"type": "agent", "id": mark(name)}))
    chain.append("chain.closed", body={"reason": "stopped"})
    found.publish()
    return found


class Ajar(Desk):
    """Where people have signed in whom a test says have."""

    def begun(self):
        return session_of_auditor()


@dataclass(slots=True)
class World:
    """A portal over such a log, and what can stand in its URLs."""

    portal: object
    log: Logged
    values: dict = field(default_factory=dict)

    def browser(self, role):
        """Return the browser of somebody, by their role."""
        who = {"lead": (LEAD, "acme"), "staff": (STAFF, "acme"), "another firm's": (THEIRS, "other")}
        if role == "a visitor":
            return self.portal.visitor()
        return self.portal.auditor(*who.get(role, (LATE, "acme")))

    def rows(self, *but):
        """Return every row of the portal's tables, but of those that are named."""
        with portal_data.reading() as session:
            return {
                table.name: sorted(map(str, session.execute(table.select()).all()))
                for table in PortalRow.metadata.sorted_tables
                if table.name not in but
            }


@contextmanager
def world(portal_url, tmp_path):
    """Run a portal in which everybody has something."""
    log = logged()
    index, tables = (open_engine(f"sqlite:///{tmp_path / name}") for name in ("index.db", "product.db"))
    schema.upgrade(tables, schema.PRODUCT_MIGRATIONS)
    log.indexer(index).catch_up()
    key = VerifierKey.parse(SIGNER.key_file.decode())
    found = Product(
        settings=Settings.from_environment({"OMEGA_DATA": str(tmp_path / "node")}),
        index=index,
        product=tables,
        store=log.store,
        reader=Reader(log.store, key),
        verifier=key,
    )
    desk = Ajar(saml=forge.portal().keys, origin=ORIGIN, secret=bytes(32), now=time.time)
    with served(portal_url, *people(), desk=desk) as portal:
        install_product(portal.app, lambda: found)
        yield World(portal=portal, log=log, values=values(log))
    found.close()


def values(log):
    """Return what the parts of a URL may be, by the names of the parts."""
    (chain, *_) = log.log.chains
    numbers = [1, 0, *range(2, len(TENANTS) + 1)]  # one's own first; what opened the chain is about the log
    positions = [f"{chain.id}-{number}" for number in numbers]
    keys = sorted(log.log.objects)
    assert chain.id == CHAIN
    return {
        "engagement": [*FIRMS, "none"],
        "firm": ["acme", "other", "none"],
        "chain": [chain.id],
        "key": keys,
        "record": positions,
        "control": [CONTROL, "none"],
        **{each: [*map(name_of, FIRMS), "none"] for each in ("run", "sample", "export")},
        "number": [*map(str, range(1, len(FIRMS) + 1)), "0"],
        "file": ["1"],
        "filename": ["omega.css", "portal.css"],
    }


def urls(rule, known):
    """Yield the URLs of a rule with what its parts may be."""
    asked = [known.get(name, ["1", "x"]) for name in sorted(rule.arguments)]
    for found in islice(product(*asked), _TRIED):
        given = dict(zip(sorted(rule.arguments), found, strict=True))
        try:
            yield rule.build(given, append_unknown=False)[1]
        except (ValueError, TypeError, AttributeError):
            yield rule.rule.split("<")[0]


class _Links(HTMLParser):
    """The places that a page leads to by a click or by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.found += [given[name] for name in ("href", "src") if given.get(name)]
        if tag == "form" and given.get("method", "get").lower() == "get":
            self.found.append(given.get("action") or "")


def links(at, page):
    """Return the paths on this host that a page leads to."""
    parser = _Links()
    parser.feed(page)
    joined = (urlsplit(urljoin(f"http://portal{at}", each)) for each in parser.found)
    return [each._replace(scheme="", netloc="", fragment="").geturl() for each in joined if each.netloc == "portal"]


class _Fewer:
    """Lets some URLs of each route through, and of each engagement: the first ones, which differ most."""

    def __init__(self, app, own):
        self._map, self._own, self._seen = app.url_map.bind("portal"), own, Counter()

    def __call__(self, at):
        try:
            endpoint, arguments = self._map.match(urlsplit(at).path, method="GET")
        except HTTPException as error:
            endpoint, arguments = type(error).__name__, {}
        engagement = arguments.get("engagement")
        self._seen[endpoint, engagement] += 1
        return self._seen[endpoint, engagement] <= (_EACH if engagement in self._own else _FOREIGN)


def crawl(world, role):
    """Return the answers to everything that somebody can ask for: the routes with all values, and every link found."""
    left, asked, few = ["/"], set(), _Fewer(world.portal.app, SEEN[role])
    for rule in world.portal.app.url_map.iter_rules():
        if "GET" in rule.methods:
            left += [quote(each, safe="/%?=&") for each in urls(rule, world.values)]
    browser, answers = world.browser(role), {}
    while left and len(answers) < MOST:
        at = left.pop(0)
        if at in asked or asked.add(at) or not few(at):
            continue
        world.portal.clock.seconds += 1  # or visitors would be too many
        answers[at] = answer = browser.get(at)
        if answer.mimetype == "text/html":
            left += links(at, answer.text)
        if answer.location:
            left += links(at, f'<a href="{answer.location}">')
    return answers
