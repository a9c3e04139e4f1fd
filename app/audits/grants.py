"""What the auditor portal's role may do in PostgreSQL, table by table, and the SQL that makes it so.

Owns the lists. A table outside the portal's schema that is not listed is closed to it: the subjects' keys, officers'
sessions, jobs and alerts are. Who audits whom is the officers' to say, so these tables of its schema it reads alone.
"""

import re
from typing import Final

from app.schema import PORTAL

READ: Final = (
    "attestation",
    "change_approval",
    "change_check",
    "change_comment",
    "change_merge",
    "change_request",
    "change_step",
    "control_result",
    "finding",
    "finding_acceptance",
    "finding_deviation",
    "finding_step",
    "framework_score",
    "indexed_chain",
    "indexed_checkpoint",
    "indexed_decision",
    "indexed_failure",
    "indexed_segment",
    "override",
    "override_approval",
    "policy_activation",
)
"""The tables of product and index that auditors are shown; the portal reads them, as whole tables."""

OFFICERS: Final = (
    "audit_auditor",
    "audit_engagement",
    "audit_evidence",
    "audit_firm",
    "audit_member",
    "portal_version",
)
"""The tables of the portal's schema that it reads alone: who may look at what, what they are given."""

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class RoleNameError(Exception):
    """A role cannot be called that."""


def grants(role: str) -> str:
    """Return the SQL that gives `role` its rights, and takes all others from it; running it again changes nothing.

    Args:
        role: made where there is none, without a password.

    Raises:
        RoleNameError: it is no name that PostgreSQL takes as it is.
    """
    if not _NAME.fullmatch(role):
        raise RoleNameError(f"`{role}` cannot name a role: small letters, digits, `_`, at most 63, no digit first")
    return f"""\
-- The rights of the auditor portal's role. Run it as a role that owns the tables and may make roles, once a node has
-- made the tables, and again after each upgrade. The role gets no password here: \\password {role}
BEGIN;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} LOGIN;
  END IF;
END $$;
ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 64;
ALTER ROLE {role} SET statement_timeout = '30s';
ALTER ROLE {role} SET idle_in_transaction_session_timeout = '60s';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public, {PORTAL} FROM {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public, {PORTAL} FROM {role};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public, {PORTAL} FROM {role};
GRANT USAGE ON SCHEMA public, {PORTAL} TO {role};
GRANT SELECT ON
  {_listed("public", READ)}
  TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {PORTAL} TO {role};
REVOKE INSERT, UPDATE, DELETE ON
  {_listed(PORTAL, OFFICERS)}
  FROM {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {PORTAL} TO {role};
COMMIT;
"""  # noqa: S608 - the role has a plain name, and the tables are ours


def _listed(schema: str, tables: tuple[str, ...]) -> str:
    return ",\n  ".join(f"{schema}.{table}" for table in tables)
