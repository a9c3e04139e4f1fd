"""A release as it was sent: an artifact, and the files that say where it comes from and what it is. Pure.

Owns which files there are and how many bytes are read of each. What stands in them is for others to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import IO, Final

from app.features.marketplace.errors import SayingError

LARGEST: Final = 26 << 20
"""Bytes of a whole upload that are taken; how large each file may be, policy data say."""


class Part(StrEnum):
    """What can come with an artifact."""

    BUNDLE = "bundle"  # Sigstore: who built the artifact, of which source
    SBOM = "sbom"  # CycloneDX
    SBOM_BUNDLE = "sbom_bundle"  # the statement that binds the SBOM to the artifact
    TESTS = "tests"  # a signed statement on tests and coverage
    SOAK = "soak"  # a signed statement on the soak test and latency
    REBUILD = "rebuild"  # a signed statement of somebody else who built the same bytes
    VEX = "vex"  # a signed statement on vulnerabilities that do not matter
    MANIFEST = "manifest"  # what the agent takes, gives, may do and needs


NEEDED: Final = (Part.BUNDLE, Part.MANIFEST)
"""What no release comes without."""


class Channel(StrEnum):
    """How finished a release is said to be."""

    STABLE = "stable"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The bytes of a release."""

    version: str
    channel: Channel
    artifact: bytes = field(repr=False)
    files: Mapping[Part, bytes] = field(repr=False)

    @property
    def digest(self) -> str:
        """Return the digest that the artifact is known by."""
        return f"sha256:{sha256(self.artifact).hexdigest()}"

    @property
    def accompanying(self) -> int:
        """Return how many bytes came beside the artifact."""
        return sum(map(len, self.files.values()))


def received(version: str, channel: Channel, streams: Mapping[str, IO[bytes]]) -> Upload:
    """Return what was sent.

    Raises:
        SayingError: the artifact, its bundle or its manifest is missing, or there is a file that is none of a release.
    """
    unknown = sorted(set(streams) - {"artifact", *Part})
    if unknown:
        raise SayingError("a file is none of a release: " + ", ".join(("artifact", *Part)))
    data = {name: stream.read(LARGEST) for name, stream in streams.items()}
    for name in ("artifact", *NEEDED):
        if not data.get(name):
            raise SayingError(f"`{name}` is missing")
    files = {part: data[part] for part in Part if data.get(part)}
    return Upload(version=version, channel=channel, artifact=data["artifact"], files=files)
