"""What is published: an OPA bundle that our key signed, and nothing else."""

import base64
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.request
from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.errors import PublicationError
from app.features.policies.git import publication
from app.features.policies.git.publication import CURRENT, KEY_ID, pack, publish, unpack, verify_published
from app.objects import DirectoryObjects, ObjectsError
from app.pdp.bundle import parse_files
from tests.features.policies.signing import ALICE, MALLORY
from tests.pdp.shop import FILES

OPA = shutil.which("opa")  # the library that CI has takes no bundles
COMMIT = "a" * 40
BUNDLE = parse_files({path: text.encode() for path, text in FILES.items()}, f"git:{COMMIT}")
KEY, PUBLIC = ALICE.key, ALICE.key.public_key()
PACKED = pack(BUNDLE, KEY)


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def repacked(files, names=None):
    """Pack files as they are, whatever they are."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in names or files:
            member = tarfile.TarInfo(path)
            member.size = len(files[path])
            archive.addfile(member, io.BytesIO(files[path]))
    return packed.getvalue()


def resigned(change, header=None, files=None):
    """The bundle with another payload under a good signature."""
    files = dict(files or members(PACKED))
    [token] = json.loads(files[".signatures.json"])["signatures"]
    head, payload, _ = token.split(".")
    part = lambda value: publication._base64(publication._json(value))  # noqa: E731
    stated = json.loads(base64.urlsafe_b64decode(payload + "=="))
    signing = f"{part(header) if header else head}.{part(change(stated))}"
    signature = publication._base64(KEY.sign(signing.encode()))
    return repacked(files | {".signatures.json": publication._json({"signatures": [f"{signing}.{signature}"]})})


def test_the_same_policies_have_the_same_bytes():
    assert pack(BUNDLE, KEY) == PACKED
    assert unpack(PACKED, PUBLIC).snapshot() == BUNDLE.snapshot()
    with tarfile.open(fileobj=io.BytesIO(PACKED)) as archive:
        assert [member.name for member in archive] == sorted(members(PACKED))
        assert {(member.mtime, member.uid, member.uname) for member in archive.getmembers()} == {(0, 0, "")}


def test_the_manifest_says_which_policies_these_are():
    manifest = json.loads(members(PACKED)[".manifest"])
    assert manifest["revision"] == f"git:{COMMIT}"
    assert manifest["roots"] == [""]
    assert manifest["metadata"]["omega"]["digest"] == BUNDLE.digest


def test_what_is_published_is_read_back(tmp_path):
    objects = DirectoryObjects(tmp_path)
    published = publish(BUNDLE, objects, KEY)
    assert (published.bundle.snapshot(), published.data) == (BUNDLE.snapshot(), PACKED)
    assert objects.get(f"bundles/{BUNDLE.digest}/{COMMIT}") == PACKED
    assert publish(BUNDLE, objects, KEY).data == PACKED
    other = parse_files({**{path: text.encode() for path, text in FILES.items()}, "NEW.md": b"x"}, "unversioned")
    publish(other, objects, KEY)
    assert verify_published(objects, PUBLIC).bundle.digest == other.digest
    assert len(list(objects.list("bundles/"))) == 2


def test_what_somebody_edited_in_the_store_is_found_and_published_over(tmp_path):
    objects = DirectoryObjects(tmp_path)
    publish(BUNDLE, objects, KEY)
    (tmp_path / CURRENT).write_bytes(pack(BUNDLE, MALLORY.key))
    with pytest.raises(PublicationError, match="another key"):
        verify_published(objects, PUBLIC)
    publish(BUNDLE, objects, KEY)
    assert verify_published(objects, PUBLIC).bundle.digest == BUNDLE.digest


def test_nothing_is_published(tmp_path):
    with pytest.raises(PublicationError, match="nothing is published"):
        verify_published(DirectoryObjects(tmp_path), PUBLIC)


class Broken(DirectoryObjects):
    def put(self, *_):
        raise ObjectsError("away")

    def get(self, *_, **__):
        raise ObjectsError("away")


def test_a_store_that_is_away_is_one_error(tmp_path):
    with pytest.raises(PublicationError, match="cannot be published: away"):
        publish(BUNDLE, Broken(tmp_path), KEY)
    with pytest.raises(PublicationError, match="cannot be read: away"):
        verify_published(Broken(tmp_path), PUBLIC)


def edited(**changes):
    return repacked(members(PACKED) | {path.replace("__", "."): data for path, data in changes.items()})


def linked():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("x")
        member.type = tarfile.SYMTYPE
        archive.addfile(member)
    return packed.getvalue()


def other_digest():
    """A good signature over a manifest that names another digest."""
    lying = replace(BUNDLE, digest="0" * 64)
    return pack(lying, KEY)


def other_data():
    return pack(replace(BUNDLE, data=json.dumps({**json.loads(BUNDLE.data), "limit": 9})), KEY)


FILES_OF = members(PACKED)
A_RULE = next(path for path in FILES_OF if path.endswith(".rego"))

REFUSED = {
    "a rule was edited": (repacked(FILES_OF | {A_RULE: b"package x"}), "not what was signed"),
    "a rule was added": (repacked(FILES_OF | {"rego/x.rego": b"package x"}), "not what was signed"),
    "a rule was removed": (repacked({k: v for k, v in FILES_OF.items() if k != A_RULE}), "not what was signed"),
    "the data were edited": (edited(data__json=b"{}"), "not what was signed"),
    "the data are written otherwise": (
        edited(data__json=json.dumps(json.loads(FILES_OF["data.json"]), indent=1).encode()),
        "not what was signed",
    ),
    "the signature was removed": (edited(__signatures__json=b"{}"), "not signed"),
    "the signature is no JSON": (edited(__signatures__json=b"x"), "not signed"),
    "signed by another key": (pack(BUNDLE, MALLORY.key), "another key"),
    "signed in another way": (resigned(lambda v: v, {"alg": "none", "kid": KEY_ID, "typ": "JWT"}), "another way"),
    "the signature lists nothing": (resigned(lambda _: {}), "lists no files"),
    "the signature lists other hashes": (resigned(lambda _: {"files": [{"algorithm": "MD5"}]}), "lists no files"),
    "a manifest of another digest": (other_digest(), "not what its files say"),
    "data that do not follow from the files": (other_data(), "not what its files say"),
    "a link": (linked(), "something else than files"),
    "a file twice": (repacked(FILES_OF, [*FILES_OF, A_RULE]), "one twice"),
    "no archive": (b"xyz" * 9, "no tar.gz"),
    "an archive of nothing": (gzip.compress(b"x"), "no tar.gz"),
    "something behind the end": (PACKED + b"x", "goes on after its end"),
    "half of it": (PACKED[: len(PACKED) // 2], "cut off"),
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED)
def test_nothing_decides_that_is_not_what_was_signed(data, why):
    with pytest.raises(PublicationError, match=why):
        unpack(data, PUBLIC)


@pytest.mark.parametrize("manifest", [{}, {"revision": 1}, {"revision": "r", "metadata": {}}], ids=str)
def test_a_signed_manifest_has_to_say_which_policies_these_are(manifest):
    files = FILES_OF | {".manifest": publication._json(manifest)}
    listed = [
        {"name": path, "hash": publication._hash(path, data), "algorithm": "SHA-256"}
        for path, data in files.items()
        if path != ".signatures.json"
    ]
    with pytest.raises(PublicationError, match="which policies"):
        unpack(resigned(lambda _: {"files": listed}, files=files), PUBLIC)


def test_signed_files_that_are_no_bundle_are_refused():
    lying = replace(BUNDLE, files={**BUNDLE.files, "x.exe": "x"})
    with pytest.raises(PublicationError, match=r"no bundle: x\.exe"):
        unpack(pack(lying, KEY), PUBLIC)


def test_sizes_are_limited(monkeypatch):
    monkeypatch.setattr(publication, "_MAX_BYTES", 100)
    with pytest.raises(PublicationError, match="too large"):
        unpack(PACKED, PUBLIC)
    monkeypatch.setattr(publication, "_MAX_PACKED", 100)
    with pytest.raises(PublicationError, match="more than 100 bytes"):
        unpack(PACKED, PUBLIC)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress))
def test_bytes_are_a_bundle_or_refused(data):
    with pytest.raises(PublicationError):
        unpack(data, PUBLIC)


@given(st.text(max_size=40))
def test_text_is_base64_or_nothing(text):
    found = publication._bytes(text)
    assert found == b"" or publication._base64(found) == text


def asked(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode())  # noqa: S310 - of this machine
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


@pytest.mark.slow
@pytest.mark.skipif(OPA is None, reason="OPA ITSELF WAS NOT ASKED: put the program `opa` on PATH")
def test_opa_takes_the_bundle_and_refuses_an_edited_one(tmp_path):
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "bundle.pem").write_bytes(pem)
    (tmp_path / "bundle.tar.gz").write_bytes(PACKED)
    (tmp_path / "edited.tar.gz").write_bytes(REFUSED["the data were edited"][0])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    verifying = ["--verification-key", "bundle.pem", "--verification-key-id", KEY_ID, "--signing-alg", "EdDSA"]
    command = [OPA, "run", "--server", "--addr", f"127.0.0.1:{port}", *verifying, "--bundle"]
    process = subprocess.Popen([*command, "bundle.tar.gz"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        found = None
        while found is None and process.poll() is None:
            with suppress(OSError):
                found = asked(f"http://127.0.0.1:{port}/v1/data/thresholds", {})
            time.sleep(0.05)
        assert found["result"] == json.loads(BUNDLE.files["data/thresholds.json"])
    finally:
        process.terminate()
        process.wait()
    refused = subprocess.run([*command, "edited.tar.gz"], cwd=tmp_path, capture_output=True, check=False, timeout=20)
    assert refused.returncode != 0
    assert b"data.json" in refused.stdout + refused.stderr


def test_a_key_of_the_node_signs(tmp_path):
    from app import keys  # noqa: PLC0415 - this test's alone

    key = keys.ensure_bundle_key(tmp_path / "keys")
    assert isinstance(key, Ed25519PrivateKey)
    assert keys.ensure_bundle_key(tmp_path / "keys").private_bytes_raw() == key.private_bytes_raw()
    public = serialization.load_pem_public_key((tmp_path / "keys" / "bundle.pem").read_bytes())
    assert public == key.public_key()
    assert os.stat(tmp_path / "keys" / "bundle.key").st_mode & 0o077 == 0  # noqa: PTH116
