"""A node whose policies come from Git, as an auditor's portal reads it: two revisions, one of them a change request."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from app import activation
from app.db import open_engine, writing
from app.db import product as product_database
from app.features.policies.git.rows_activations import ActivationRow
from app.features.policies.results.results import keep
from app.pdp.bundle import parse_files
from app.settings import Settings
from auditor_portal import product
from auditor_portal.policies import reading
from auditor_portal.product import Product
from tests.auditor_portal.portal import PERMIT, auditor, engagement, firm, served, takes_part
from tests.auditor_portal.trail.trails import KEY, PERIOD, Trail, indexed
from tests.features.gating import gating
from tests.features.policies.requests_made import OWNERS, Office
from tests.features.policies.signing import BOB, ENVIRONMENT, NOW, work
from tests.features.policies.test_results import report
from tests.pdp.shop import FILES

POLICIES = {f"policies/{path}": text for path, text in FILES.items()}
OTHER = "ee" * 32
"""The digest of policies that another tenant has of its own."""

TIMES = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)


class Node:
    """The directory of a node; `first` and `second` are the bundles that were in force, one after the other."""

    def __init__(self, path):
        self.settings = Settings.from_environment(
            {"OMEGA_DATA": str(path / "node"), "OMEGA_POLICY_REPOSITORY": str(path / "remote.git"), **ENVIRONMENT}
        )
        self.settings.bundles.mkdir(parents=True, exist_ok=True)
        self.work = None

    def copied(self, path):
        """Return this node as it stands, below another directory, into which its files were copied."""
        made = Node(path)
        made.work = replace(self.work, remote=path / "remote.git", trees=dict(self.work.trees), mirrors=[])
        made.repository = made.work.mirror(made.settings.policy_mirror)
        made.first, made.second, made.commits = self.first, self.second, self.commits
        return made

    def put(self, commit):
        """Keep the policies of a commit as admitted, with the report of their tests, and name them as in force."""
        bundle = parse_files(self.repository.tree(commit), f"git:{commit}")
        activation.snapshot_path(self.settings.bundles, bundle.digest).write_bytes(bundle.snapshot())
        keep(self.settings.bundles, bundle, report())
        activation.put_in_force(bundle.digest, self.settings.bundles)
        return bundle

    def change(self):
        """Have two commits put in force: the first one, and a change that two persons approved."""
        begun = self.work.commit({"policies/OWNERS.yaml": OWNERS, **POLICIES}, BOB)
        self.repository.fetch()
        self.first = self.put(begun)
        self.activated(begun, self.first, 1, TIMES[0])
        office = Office(self.work, self.repository, gating())
        head = office.agreed()
        office.merge()
        self.second = self.put(head)
        self.activated(head, self.second, 2, TIMES[1])
        self.commits = begun, head

    def activated(self, commit, bundle, number, at):
        with writing(PERMIT) as session:
            session.add(
                ActivationRow(
                    number=number,
                    commit=commit,
                    tree=self.repository.tree_id(commit),
                    bundle=bundle.digest,
                    verified=commit,
                    activated_at=int(at.timestamp()),
                    decision_id=f"{'0' * 20}-{number}",
                )
            )

    def forget(self):
        """Have the product's tables say nothing of activations."""
        with self.product.connect() as connection:
            connection.exec_driver_sql("DELETE FROM policy_activation")
            connection.commit()

    def log(self, *, system=True):
        """Return a log in which two workers took over the first policies, and then the second ones."""
        trail = Trail()
        if system:
            for bundle, at in ((self.first, TIMES[0]), (self.second, TIMES[1])):
                trail.log.time = at
                for _ in range(2):
                    trail.a.append("policy.activated", body=activated(bundle.digest, bundle.revision))
        trail.a.append("policy.activated", tenant="other", body=activated(OTHER, "unversioned"))
        trail.publish()
        trail.log.time = NOW
        return trail


def activated(digest, revision):
    return {"bundle": digest, "revision": revision, "engine": "e", "previous": None}


def build(path, migrated):
    """Make a node below a directory, and return it; its mirror is closed."""
    shutil.copy(migrated, path / "product.db")
    made = Node(path)
    made.work = work(path)
    made.repository = made.work.mirror(made.settings.policy_mirror)
    with product_database(open_engine(f"sqlite:///{path / 'product.db'}")):
        made.change()
    made.work.close()
    return made


@contextmanager
def standing(template, source, tmp_path):
    """Yield a copy of a node, with the product's database open."""
    shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    made = template.copied(tmp_path)
    made.product = open_engine(f"sqlite:///{tmp_path / 'product.db'}")
    try:
        yield made
    finally:
        made.product.dispose()
        made.work.close()


@contextmanager
def shown(node, trail, tmp_path, portal_url, **changed):
    """Yield a portal that reads a node and a log."""
    over = {"period_start": PERIOD.since, "period_end": PERIOD.until} | changed
    people = firm(), auditor(), engagement(**over), takes_part()
    with indexed(trail, f"sqlite:///{tmp_path / 'index.db'}") as engine, served(portal_url, *people) as portal:
        found = Product(
            settings=node.settings,
            index=engine,
            product=node.product,
            store=trail.store,
            reader=trail.reader(),
            verifier=KEY,
        )
        product.install(portal.app, lambda: found)
        yield portal
        kept = portal.app.extensions.get(reading._EXTENSION)
        if kept is not None and kept.shelf.repository is not None:
            kept.shelf.repository.close()
