"""Artifacts by digest: what is handed out is what was put in, or nothing."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.supply.artifacts import MAX_BLOB, Artifacts, Layer
from app.features.marketplace.supply.errors import SupplyError
from app.objects import DirectoryObjects, ObjectGoneError

BYTES = b"the bytes of an agent"
DIGEST = f"sha256:{sha256(BYTES).hexdigest()}"
KIND = "application/vnd.omega.agent.v1"
LAYERS = (Layer(media_type="application/gzip", name="agent.tar.gz", data=BYTES),)


class MemoryObjects:
    """Objects in memory, which a test may change behind the back of whoever put them there."""

    def __init__(self):
        self.kept = {}

    def put(self, key, data):
        self.kept[key] = data

    def get(self, key, *, limit=MAX_BLOB):
        if key not in self.kept:
            raise ObjectGoneError("there is no such object")
        return self.kept[key][: limit + 1]


@pytest.fixture
def objects():
    return MemoryObjects()


@pytest.fixture
def artifacts(objects):
    return Artifacts(objects)


def code(call, *arguments):
    with pytest.raises(SupplyError) as caught:
        call(*arguments)
    return caught.value.code


@given(data=st.binary(max_size=64))
def test_what_was_put_in_is_found_by_its_digest(data):
    kept = Artifacts(MemoryObjects())
    digest = kept.put(data)
    assert digest == f"sha256:{sha256(data).hexdigest()}"
    assert kept.get(digest) == data
    assert kept.put(data) == digest


def test_a_tampered_blob_is_never_handed_out(artifacts, objects):
    digest = artifacts.put(BYTES)
    (key,) = objects.kept
    objects.kept[key] = BYTES + b"!"
    assert code(artifacts.get, digest) == "tampered_blob"


def test_a_tampered_blob_in_a_directory_is_never_handed_out(tmp_path):
    artifacts = Artifacts(DirectoryObjects(tmp_path))
    digest = artifacts.put(BYTES)
    assert artifacts.get(digest) == BYTES
    (tmp_path / "marketplace" / "sha256" / digest.removeprefix("sha256:")).write_bytes(b"others")
    assert code(artifacts.get, digest) == "tampered_blob"


@pytest.mark.parametrize("digest", ["sha256:ab", "sha512:" + "ab" * 32, "ab" * 32, "sha256:../" + "a" * 61, ""])
def test_what_is_no_digest_names_nothing(artifacts, digest):
    assert code(artifacts.get, digest) == "malformed_digest"


def test_what_was_never_put_in_is_missing(artifacts):
    assert code(artifacts.get, DIGEST) == "missing_blob"


def test_a_blob_has_a_largest_size(artifacts):
    assert code(artifacts.put, bytes(MAX_BLOB + 1)) == "too_large"


def test_an_artifact_is_a_manifest_that_names_its_files(artifacts):
    signature = Layer(media_type="application/json", name="agent.sigstore.json", data=b"{}")
    digest = artifacts.put_artifact(KIND, (*LAYERS, signature))
    manifest = artifacts.manifest(digest)
    assert (manifest["schemaVersion"], manifest["artifactType"]) == (2, KIND)
    assert manifest["layers"][0] == {
        "mediaType": "application/gzip",
        "digest": DIGEST,
        "size": len(BYTES),
        "annotations": {"org.opencontainers.image.title": "agent.tar.gz"},
    }
    assert artifacts.files(digest) == {"agent.tar.gz": BYTES, "agent.sigstore.json": b"{}"}
    assert artifacts.put_artifact(KIND, (*LAYERS, signature)) == digest


def test_what_says_something_of_an_artifact_names_its_manifest(artifacts):
    about = artifacts.put_artifact(KIND, LAYERS)
    sbom = Layer(media_type="application/vnd.cyclonedx+json", name="bom.json", data=b"{}")
    found = artifacts.manifest(artifacts.put_artifact("application/vnd.cyclonedx+json", (sbom,), subject=about))
    assert found["subject"]["digest"] == about


def test_an_index_names_manifests(artifacts):
    digests = tuple(artifacts.put_artifact(f"{KIND}.{number}", LAYERS) for number in range(3))
    index = artifacts.manifest(artifacts.put_index(digests))
    assert [each["digest"] for each in index["manifests"]] == list(digests)
    assert artifacts.files(artifacts.put_index(digests)) == {}


def test_an_artifact_with_a_tampered_file_is_not_handed_out(artifacts, objects):
    digest = artifacts.put_artifact(KIND, LAYERS)
    objects.kept[f"marketplace/sha256/{DIGEST.removeprefix('sha256:')}"] = b"others"
    assert code(artifacts.files, digest) == "tampered_blob"


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b"[1]",
        b"no JSON",
        b"[" * 100_000,
        b" " * (2 << 20),
        b'{"schemaVersion": 1, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}',
        b'{"schemaVersion": 2, "mediaType": "application/json", "layers": []}',
    ],
)
def test_what_is_no_manifest(artifacts, manifest):
    assert code(artifacts.manifest, artifacts.put(manifest)) == "malformed_manifest"


@pytest.mark.parametrize(
    "layers",
    [
        "1",
        '{"digest": "DIGEST", "size": 21}',
        '{"digest": "DIGEST", "size": 20, "annotations": {"org.opencontainers.image.title": "a"}}',
        ", ".join(['{"digest": "DIGEST", "size": 21, "annotations": {"org.opencontainers.image.title": "a"}}'] * 2),
    ],
)
def test_a_layer_that_is_not_what_its_manifest_says(artifacts, layers):
    artifacts.put(BYTES)
    text = (
        '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": ['
        + layers.replace("DIGEST", DIGEST)
        + "]}"
    )
    assert code(artifacts.files, artifacts.put(text.encode())) == "malformed_manifest"
