"""A time-stamp authority for tests: a root, an authority below it, and `openssl ts` to answer with."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIGURATION = """\
[req]
distinguished_name = name
prompt = no
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/stamper.pem
signer_key = {folder}/stamper.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""
STAMPER_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
ROOT_KEY = ["-newkey", "rsa:2048", "-nodes"]  # its signatures have one length, so that a certificate can be swapped


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("openssl")
    if program is None:
        absent = "TIME STAMPS ARE NOT TESTED: there is no openssl"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30)


def made(folder: Path, *arguments: str) -> None:
    done = openssl(folder, *arguments)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Authority:
    """An authority in a folder of its own. Embeds its own certificate in an answer and no other."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        folder.mkdir()
        (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder))
        config = ["-config", "ca.cnf"]
        root = ["-keyout", "root.key", "-out", "root.pem", "-days", "30", "-extensions", "root", "-subj", "/CN=Root"]
        made(folder, "req", "-x509", *ROOT_KEY, *root, *config)
        made(
            folder,
            "req",
            *STAMPER_KEY,
            "-keyout",
            "stamper.key",
            "-out",
            "stamper.csr",
            "-subj",
            "/CN=Stamper",
            *config,
        )
        authority = cls(folder)
        authority.certify("stamper.pem")
        return authority

    def certify(self, name: str) -> None:
        """Have the root certify the stamper's key, as the configuration says now, under one serial number."""
        signed = ["-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "77", "-days", "20", "-out", name]
        extensions = ["-extfile", "ca.cnf", "-extensions", "stamper"]
        made(self.folder, "x509", "-req", "-in", "stamper.csr", *signed, *extensions)

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """The TimeStampResp for a request; a refusal where it is none."""
        (self.folder / "request.tsq").write_bytes(request)
        made(self.folder, "ts", "-reply", "-config", "ca.cnf", "-queryfile", "request.tsq", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    def check(self, answer: bytes, data: bytes) -> subprocess.CompletedProcess[str]:
        """What `openssl ts -verify`, which shares no code with ours, says of an answer."""
        (self.folder / "checked.tsr").write_bytes(answer)
        (self.folder / "data").write_bytes(data)
        return openssl(self.folder, "ts", "-verify", "-in", "checked.tsr", "-data", "data", "-CAfile", "root.pem")
