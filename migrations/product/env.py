"""Alembic's entry for the tables of the control plane; see `migrations/env.py`."""  # noqa: INP001 - Alembic finds this by path

from alembic import context

from app import sessions  # noqa: F401 - every module of rows is imported here, so that the metadata is whole
from app.alerts import rows as rows_alerts  # noqa: F401
from app.db import ProductRow
from app.features.ai_act import rows as rows_ai_act  # noqa: F401
from app.features.dsr import rows as rows_dsr  # noqa: F401
from app.features.dsr.running import rows as rows_dsr_running  # noqa: F401
from app.features.frameworks import rows as rows_frameworks  # noqa: F401
from app.features.marketplace import acting as rows_acting  # noqa: F401
from app.features.marketplace import rows as rows_marketplace  # noqa: F401
from app.features.marketplace.billing import rows as rows_billing  # noqa: F401
from app.features.marketplace.catalogue import rows as rows_catalogue  # noqa: F401
from app.features.marketplace.fraud import rows as rows_fraud  # noqa: F401
from app.features.marketplace.lifecycle import rows as rows_lifecycle  # noqa: F401
from app.features.marketplace.sales import ledger as rows_ledger  # noqa: F401
from app.features.marketplace.sales import rows as rows_sales  # noqa: F401
from app.features.marketplace.supply import rows as rows_supply  # noqa: F401
from app.features.policies.changes import rows_changes  # noqa: F401
from app.features.policies.drift import rows_drift  # noqa: F401
from app.features.policies.git import rows_activations  # noqa: F401
from app.features.policies.overrides import rows_overrides  # noqa: F401
from app.jobs import rows as rows_jobs  # noqa: F401
from app.privacy import consent_rows, restrictions  # noqa: F401
from app.privacy.redaction import rows as rows_redaction  # noqa: F401

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ProductRow.metadata,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
