"""Manifests, artifacts and what comes with them, made for tests."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from copy import deepcopy

from app.features.marketplace.inspection.advisories import Advisories
from app.features.marketplace.inspection.advisory import advisory_of
from app.features.marketplace.inspection.manifest import parse_manifest

NOW = 1_790_000_000
DOCUMENT = {
    "name": "invoice-reader",
    "version": "1.2.0",
    "input": {
        "type": "object",
        "required": ["document"],
        "properties": {"document": {"type": "string", "maxLength": 1000}},
        "additionalProperties": False,
    },
    "output": {
        "type": "object",
        "required": ["total"],
        "properties": {"total": {"type": "number"}, "currency": {"enum": ["EUR", "USD"]}},
        "additionalProperties": False,
    },
    "capabilities": {
        "tools": ["ocr"],
        "hosts": ["api.example.com"],
        "secrets": [{"name": "OCR_KEY", "reference": "vault:ocr/key"}],
        "environment": ["HOME"],
        "subprocess": False,
    },
    "data_classes": ["internal"],
    "training_data": {"trained": False, "sources": []},
    "privacy": {"gdpr": {"personal_data": False}, "ccpa": {"sells_or_shares": False}},
    "export_control": {"classification": "EAR99"},
    "documentation": {
        "readme": "README.md",
        "changelog": "CHANGELOG.md",
        "support": "support@example.com",
        "limitations": "reads invoices of one page",
    },
    "licence": "Apache-2.0",
    "runtime": {"entrypoint": "invoice_reader.agent:run", "network": "strict", "memory_mib": 256},
}
METADATA = b"Metadata-Version: 2.4\nName: invoice-reader\nVersion: 1.2.0\nLicense-Expression: Apache-2.0\n"
LOCK = b"""httpx==0.28.1 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
idna==3.7 ; python_version >= "3.8"  # via httpx
"""
CODE = b"""import os
import httpx


def run(document):
    key = os.environ["OCR_KEY"]
    return httpx.post("https://api.example.com/v1/read", json={"document": document}, headers={"key": key}).json()
"""
FILES = {
    "invoice_reader/__init__.py": b"",
    "invoice_reader/agent.py": CODE,
    "invoice_reader-1.2.0.dist-info/METADATA": METADATA,
    "requirements.txt": LOCK,
    "README.md": b"# Invoice reader\n",
    "CHANGELOG.md": b"# Changes\n",
}


def manifest(**changed):
    """Return the manifest with members changed; `capabilities__hosts=...` changes a member of a member."""
    document = deepcopy(DOCUMENT)
    for name, value in changed.items():
        *outer, last = name.split("__")
        place = document
        for each in outer:
            place = place[each]
        place[last] = value
    return parse_manifest(json.dumps(document).encode())


def zipped(files=FILES, **more):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (dict(files) | more).items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(members, *, packed=True):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for member, data in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0) if packed else made.getvalue()


def digest(artifact):
    return hashlib.sha256(artifact).hexdigest()


def bom(of, listed=(("httpx", "0.28.1"), ("idna", "3.7")), **changed):
    """Return a bill of the artifact `of`."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "invoice-reader",
                "hashes": [{"alg": "SHA-256", "content": digest(of)}],
            }
        },
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"license": {"id": "BSD-3-Clause"}}],
            }
            for name, version in listed
        ],
    }
    return json.dumps(document | changed).encode()


def advisory(name="PYSEC-2026-1", package="idna", **changed):
    """Return an advisory, made for tests: nothing of it is true of any package."""
    stated = {
        "id": name,
        "modified": "2026-08-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.8"}]}],
            }
        ],
    }
    return stated | changed


def advisories(*stated):
    return Advisories(map(advisory_of, stated), made_at=NOW, newest=NOW - 3 * 86_400, digest="ef" * 32)


def coverage(hits, rate="1"):
    lines = "".join(f'<line number="{number}" hits="{hit}"/>' for number, hit in enumerate(hits, 1))
    return (
        f'<?xml version="1.0" ?><coverage version="7.6" line-rate="{rate}"><packages><package name="a"><classes>'
        f'<class name="a" filename="a.py"><methods/><lines>{lines}</lines></class>'
        "</classes></package></packages></coverage>"
    ).encode()
