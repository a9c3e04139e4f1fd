"""The bytes of releases, kept by their digest among the objects."""

from hashlib import sha256

from app.objects import Objects


def put(objects: Objects, data: bytes) -> str:
    """Keep bytes, and return the digest that they are found by.

    Raises:
        ObjectsError: they are not kept, or nobody knows.
    """
    digest = sha256(data).hexdigest()
    objects.put(_key(digest), data)
    return f"sha256:{digest}"


def get(objects: Objects, digest: str) -> bytes:
    """Return the bytes of a digest.

    Raises:
        ObjectsError: there are none, or they are others by now.
    """
    return objects.get(_key(digest.removeprefix("sha256:")))


def _key(digest: str) -> str:
    return f"marketplace/sha256/{digest}"
