"""Bundles that others published, for the tests of what is verified here."""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from app.features.marketplace.supply.pep740 import as_bundle
from app.features.marketplace.supply.trust import trust_in

ROOT = Path(__file__).parents[4]
ASSETS = ROOT / ".venv" / "pypi-attestations" / "test" / "assets"
DATA = {name: json.loads((ROOT / f"policies/data/{name}.json").read_text()) for name in ("supply", "builders")}
BUILDERS = DATA["builders"]
TRUST = trust_in(DATA, "default")


def assets():
    """Return where they lie; a test for which there are none fails in CI, and is skipped elsewhere."""
    if not ASSETS.exists():
        said = "there are none in .venv/pypi-attestations; `make .venv/pypi-attestations` fetches them"
        if os.environ.get("CI") == "true":
            pytest.fail(f"bundles of others have to be verified here, and {said}")
        pytest.skip(f"NO BUNDLE OF OTHERS IS VERIFIED: {said}")
    return ASSETS


@dataclass(frozen=True)
class Published:
    """An artifact that somebody published: its file, its attestation, and what its certificate says."""

    name: str
    attestation: str
    source: str
    level: int = 0
    identity: str = ""

    @property
    def digest(self):
        return f"sha256:{sha256((assets() / self.name).read_bytes()).hexdigest()}"

    @property
    def bundle(self):
        path = assets() / self.attestation
        if path.suffix == ".sigstore":
            return path.read_bytes()
        document = json.loads(path.read_bytes())
        if path.suffix == ".provenance":
            (document,) = document["attestation_bundles"][0]["attestations"]
        return as_bundle(json.dumps(document).encode())


GITHUB = "pypi_attestations-0.0.19.tar.gz"
GITLAB = "gitlab_oidc_project-0.0.3.tar.gz"
CIRCLE = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"
GOOGLE = "gcb_attestation_test-0.0.0.tar.gz"
MODELS = "pypi_attestation_models-0.0.4a2.tar.gz"
STAGED = "rfc8785-0.1.2-py3-none-any.whl"

SLSA = Published(GITHUB, f"{GITHUB}.slsa.attestation", "https://github.com/trailofbits/pypi-attestations", level=2)
PUBLISHED = (
    SLSA,
    Published(GITHUB, f"{GITHUB}.publish.attestation", "https://github.com/trailofbits/pypi-attestations"),
    Published(GITHUB, f"{GITHUB}.provenance", "https://github.com/trailofbits/pypi-attestations.git"),
    Published(MODELS, f"{MODELS}.sigstore", "https://github.com/trailofbits/pypi-attestation-models/"),
    Published(MODELS, f"{MODELS}.attestation", "https://github.com/trailofbits/pypi-attestation-models"),
    Published(GITLAB, f"{GITLAB}.publish.attestation", "https://gitlab.com/facutuesca/gitlab-oidc-project"),
    Published(CIRCLE, f"{CIRCLE}.publish.attestation", "https://github.com/CircleCI-Public/sign-and-publish-examples"),
    Published(
        GOOGLE,
        f"{GOOGLE}.provenance",
        "",
        identity="919436158236-compute@developer.gserviceaccount.com",
    ),
)
