"""The audit trail of a node's own log, through nothing that could write: what its processes leave is what is shown."""

from app import schema
from app.assurance import Watch
from app.db import open_engine
from app.indexing import indexing
from auditor_portal import product
from auditor_portal.product import open_product
from evidence.chain import utc_now
from tests.auditor_portal.portal import ENGAGEMENT, auditor, engagement, firm, served, takes_part
from tests.auditor_portal.trail.trails import plain
from tests.decision_plane.asking import body
from tests.node import decided, prepared, sealed


def test_a_node_that_decided_and_stopped(tmp_path, portal_url):
    settings = prepared(tmp_path)
    decided(settings, body(), body(ripe=False))
    Watch(settings).run(utc_now())
    sealed(settings)
    with indexing(settings) as indexer:
        indexer.catch_up()
    tables = open_engine(settings.product)
    schema.upgrade(tables, schema.PRODUCT_MIGRATIONS)
    tables.dispose()
    over = {"period_start": "2020-01-01T00:00:00.000000Z", "period_end": "2099-01-01T00:00:00.000000Z"}
    found = open_product(settings)
    people = firm(), auditor(), engagement(**over), takes_part()
    with served(portal_url, *people, now=lambda: utc_now().timestamp() + 3_600) as portal:
        product.install(portal.app, lambda: found)
        browser = portal.auditor()
        said = plain(browser.get(f"/e/{ENGAGEMENT}/trail").text)
        assert "L1 The store is durable; its owner can change and remove objects" in said
        assert "stopped in order" in said
        assert "not covered" not in said
        assert "Something that was verified" not in said
        assert "the store has" not in said
        (chain,) = {each for each in said.split() if len(each) == 20 and set(each) <= set("0123456789abcdef")}
        page = plain(browser.get(f"/e/{ENGAGEMENT}/trail/chains/{chain}").text)
        assert "the writer stopped in order before it, and said so" in page
        assert "holds" in page
        seal = plain(browser.get(f"/e/{ENGAGEMENT}/trail/chains/{chain}/seals/0").text)
        assert "does not hold" not in seal
        assert "holds its records are in the store" in seal
        assert "holds its root" in plain(browser.get(f"/e/{ENGAGEMENT}/trail/checkpoints/0?root").text)
        assert "give the key other bytes refused" in plain(browser.get(f"/e/{ENGAGEMENT}/trail/probes").text)
    found.close()
