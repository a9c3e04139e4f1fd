"""What tests of engagements share."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app import schema
from app.audits.database import open_portal, portal_data
from app.db import open_engine
from tests.features.engagements.auditing import CLASS, Plane
from tests.features.gating import product
from tests.migrated import migrated_file


@pytest.fixture(scope="session")
def certificate():
    """The certificate of an identity provider, as PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(begins).not_valid_after(begins + timedelta(days=900))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture
def firm(certificate):
    """A firm as a form describes it."""
    return {
        "id": "acme",
        "name": "Acme Audit",
        "entity_id": "https://idp.acme.example/metadata",
        "sso_url": "https://idp.acme.example/sso",
        "slo_url": "",
        "certificates": certificate,
        "accepted_classes": CLASS,
        "networks": "198.51.100.0/24, 2001:db8::/32",
        "max_sessions": "2",
    }


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A folder with empty databases of the product, the portal and the index."""
    folder = tmp_path_factory.mktemp("audits")
    for name, opened, tree in (
        ("product", open_engine, schema.PRODUCT_MIGRATIONS),
        ("portal", open_portal, schema.PORTAL_MIGRATIONS),
        ("index", open_engine, schema.INDEX_MIGRATIONS),
    ):
        migrated_file(folder / f"{name}.db", tree, opened)
    return folder


@pytest.fixture
def plane(migrated, tmp_path):
    for name in ("product", "portal", "index"):
        shutil.copy(migrated / f"{name}.db", tmp_path / f"{name}.db")
    url = f"sqlite:///{tmp_path / 'product.db'}"
    with product(url), portal_data.opened(open_portal(f"sqlite:///{tmp_path / 'portal.db'}")):
        made = Plane(url, tmp_path)
        yield made
        made.close()


@pytest.fixture
def officer(plane):
    return plane.officer()
