"""`omega policy`: init, fetch, activate, roll-back: policies that come from Git.

The commands run on the node, with its keys. They ask the running service, as the caller `control`, for a job called
`node`: what is not permitted, or not on record, does not happen.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app import db, schema
from app.cli.asking import Asker, enforce
from app.cli.output import CommandError, counted, print_json, print_rows
from app.features.policies.errors import PoliciesError, RefusedCommitError
from app.features.policies.git import activating
from app.features.policies.git.activating import Candidate
from app.features.policies.git.initialising import initialise, parse_signer
from app.features.policies.git.repository import Repository
from app.node_log import record_now
from app.pdp.errors import BundleError
from app.pdp.model import Entity, EvaluationRequest
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.record import Draft

NODE: Final = Entity(type="job", id="node", properties={"groups": []})
"""Whoever works on the node with its keys, as policy knows them."""

_SYSTEM: Final = "system"


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    init = group.add_parser("init", help="make a policy repository from the policies of this installation")
    init.add_argument("directory", metavar="DIRECTORY", type=Path, help="where; it must not hold anything yet")
    init.add_argument(
        "--signer",
        action="append",
        default=[],
        metavar="'NAME <ADDRESS> KEY'",
        help="who may sign commits, with the public key as ssh-keygen writes it; may be given several times",
    )
    init.add_argument("--key", type=Path, metavar="FILE", help="the first signer's private key signs the first commit")
    init.set_defaults(run=run_init)
    fetch = group.add_parser("fetch", help="fetch the policy repository, and verify what came in")
    fetch.set_defaults(run=run_fetch)
    activate = group.add_parser("activate", help="put the policies of a verified commit in force")
    roll_back = group.add_parser("roll-back", help="put policies in force again that were in force before")
    for command, action in ((activate, "policies.activate"), (roll_back, "policies.roll_back")):
        command.add_argument("--commit", required=True, metavar="ID", help="40 hexadecimal digits")
        command.add_argument("--url", metavar="URL", help="the service (default: OMEGA_HOST and OMEGA_PORT)")
        command.set_defaults(run=run_activate, action=action)
    for command in (init, fetch, activate, roll_back):
        command.add_argument("--json", action="store_true", help="print JSON")


def run_init(options: argparse.Namespace, settings: Settings) -> int:
    """Make a repository."""
    try:
        commit = initialise(
            options.directory,
            settings.policies,
            [parse_signer(text) for text in options.signer],
            key=options.key,
            environment=settings.git_environment,
        )
    except (PoliciesError, BundleError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"`{options.directory}` cannot be written: {error.strerror}") from error
    if options.json:
        print_json({"directory": str(options.directory.absolute()), "commit": commit})
    elif commit:
        print(f"{options.directory}: a policy repository, begun with commit {commit}")
    else:
        print(f"{options.directory}: a policy repository; nothing is committed: `git commit -S` as one of the signers")
    return 0


def run_fetch(options: argparse.Namespace, settings: Settings) -> int:
    """Fetch, and verify."""
    with _repository(settings) as repository:
        repository.fetch()
        found = activating.verified_head(repository, datetime.now(UTC))
        head = repository.head(repository.branch)
    if options.json:
        new = [{"commit": e.id, "signer": e.principal, "committed": _time(e.committed_at)} for e in found]
        print_json({"ok": True, "head": head, "new": new})
        return 0
    print(f"{settings.policy_branch} is at {head}; {counted(len(found), 'new commit')}, each signed as it has to be")
    if found:
        print_rows([("commit", "signer", "committed"), *((e.id, e.principal, _time(e.committed_at)) for e in found)])
    return 0


def run_activate(options: argparse.Namespace, settings: Settings) -> int:
    """Put a commit in force, or back."""
    with _repository(settings) as repository:
        repository.fetch()
        now = datetime.now(UTC)
        prepared = activating.prepare(activating.candidate(repository, options.commit, now), settings)
        request = EvaluationRequest(
            subject=NODE, action=options.action, resource=activating.resource(prepared), context={}
        )
        permit = enforce(settings, Asker(caller="control", url=options.url), request)
        activating.put_in_force(permit, prepared, settings, datetime.now(UTC))
    _say(options, prepared, permit.decision_id)
    return 0


def _say(options: argparse.Namespace, prepared: Candidate, decision_id: str) -> None:
    if options.json:
        print_json(
            {
                "ok": True,
                "commit": prepared.commit,
                "tree": prepared.tree,
                "bundle": prepared.bundle.digest,
                "signers": list(prepared.signers),
                "decision_id": decision_id,
            }
        )
        return
    print(
        f"bundle {prepared.bundle.digest} ({prepared.bundle.revision}) is in force; workers swap to it within a second"
    )
    print(f"permitted by decision {decision_id}")


@contextmanager
def _repository(settings: Settings) -> Iterator[Repository]:
    """Yield the repository with the product's database open, and turn what goes wrong into one line.

    A commit that is not to be trusted is put on record: somebody has to look.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = db.open_engine(settings.product)
        schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
        with db.product(engine):
            repository = activating.open_repository(settings, lambda: datetime.now(UTC))
            try:
                yield repository
            finally:
                repository.close()
    except RefusedCommitError as error:
        body: dict[str, Any] = dict(activating.refusal(error, settings))
        try:
            recorded = record_now(settings, Draft(type=activating.REFUSED, tenant=_SYSTEM, body=body))
        except EvidenceError as unrecorded:
            raise CommandError(f"{error.code}: {error}; and it cannot be recorded: {unrecorded}", 1) from error
        where = recorded.position.decision_id
        raise CommandError(
            f"commit {error.commit} is refused as {error.code}: {error} (recorded as {where})", 1
        ) from error
    except (PoliciesError, BundleError) as error:
        raise CommandError(str(error), 1) from error
    except (db.DatabaseUrlError, schema.SchemaError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"`{settings.data}` cannot be written: {error.strerror}") from error


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
