"""What a process says that it has loaded: the digest of each module that decides, and of the data they read."""

import hashlib
from collections.abc import Mapping
from typing import Any

from app.pdp.bundle import Bundle


def modules_of(bundle: Bundle) -> dict[str, str]:
    """Return hex SHA-256 of each module's source, by path."""
    return digests(bundle.modules)


def digests(sources: Mapping[str, str]) -> dict[str, str]:
    """Return hex SHA-256 of each text, by path."""
    return {path: hashlib.sha256(source.encode()).hexdigest() for path, source in sources.items()}


def data_of(bundle: Bundle) -> str:
    """Return hex SHA-256 of the data that the engine is given."""
    return hashlib.sha256(bundle.data.encode()).hexdigest()


def loaded(bundle: Bundle, since: float) -> Mapping[str, Any]:
    """Return what a worker says of what it loaded `since` (Unix seconds); JSON values."""
    return {"modules": modules_of(bundle), "data": data_of(bundle), "loaded_at": since}
