"""`omega policy`: test, mutate, status, promote, check, reload; `policy_git` adds what comes from Git."""

import argparse

from app import activation, statement, tenants
from app.cli import mutation, policy_git, policy_status, policy_test, promote
from app.cli.output import CommandError, print_json, refused
from app.pdp.admission_process import admit_apart, compare_apart
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError
from app.pdp.second_opinion import Opinion
from app.settings import Settings

_NONE = "second opinion: none, OPA is not installed"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    group = commands.add_parser("policy", help="policies as files").add_subparsers(required=True, metavar="COMMAND")
    policy_test.add_to(group)
    mutation.add_to(group)
    policy_status.add_to(group)
    promote.add_to(group)
    policy_git.add_to(group)
    check = group.add_parser("check", help="say whether the policies would be admitted")
    check.add_argument(
        "--second-opinion",
        action="store_true",
        help="have OPA's own engine decide every test, every case and made inputs too; a difference refuses them",
    )
    reload = group.add_parser("reload", help="admit the policies and put them in force, in the running service too")
    for command, run in ((check, run_check), (reload, run_reload)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
        command.add_argument("--tenant", metavar="T", help="of the tenant's own policies, instead of the node's")


def run_check(options: argparse.Namespace, settings: Settings) -> int:
    """Admit, and leave everything as it is."""
    second, opinion = activation.second(settings), None
    if options.second_opinion and second is None:
        raise CommandError(f"{_NONE}; put `opa` on PATH or name it in OMEGA_OPA")
    try:
        bundle = tenants.read(settings, options.tenant) if options.tenant else activation.read(settings.policies)
        admit_apart(bundle)
        if options.second_opinion and second is not None:
            opinion = compare_apart(bundle, second)
    except BundleError as error:
        return refused(error, as_json=options.json)
    unasked = _NONE if second is None else "second opinion: not asked for; --second-opinion does"
    return _admitted(options, bundle, "would be admitted", opinion, unasked)


def run_reload(options: argparse.Namespace, settings: Settings) -> int:
    """Admit, and put in force."""
    if settings.policy_repository is not None and not options.tenant:
        raise CommandError(
            "policies come from Git here; `omega policy activate --commit ID` puts those of a commit in force"
        )
    try:
        if options.tenant:
            bundle = tenants.activate(settings, options.tenant)
        else:
            second = activation.second(settings)
            bundle = activation.keep(activation.read(settings.policies), settings.bundles, second)
            statement.put_in_force(bundle, settings)
    except BundleError as error:
        return refused(error, as_json=options.json)
    except OSError as error:
        raise CommandError(f"`{settings.bundles}` cannot be written: {error.strerror}") from error
    opinion = activation.second_opinion(settings.bundles, bundle.digest)
    return _admitted(options, bundle, "is in force; workers swap to it within a second", opinion, _NONE)


def _admitted(options: argparse.Namespace, bundle: Bundle, what: str, opinion: Opinion | None, unasked: str) -> int:
    if options.json:
        second = opinion.document() if opinion else None
        print_json({"ok": True, "bundle": bundle.digest, "revision": bundle.revision, "second_opinion": second})
        return 0
    print(f"bundle {bundle.digest} ({bundle.revision}) {what}")
    print(f"second opinion: {opinion.engine} decides the same {opinion.asked} questions" if opinion else unasked)
    return 0
