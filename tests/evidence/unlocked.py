"""Directories whose files may carry the immutable flag."""

from contextlib import contextmanager

import pytest

from evidence.errors import StoreError
from evidence.stores import immutable
from evidence.stores.local import LocalStore


@contextmanager
def unlocked(folder):
    """Yield a folder for a store with the flag, which its objects lose at the end, so that it can be removed."""
    try:
        LocalStore(folder, immutable=True)
    except StoreError as error:
        pytest.skip(f"THE IMMUTABLE FLAG IS NOT TESTED: {error}")
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    immutable.set_flag(file.fileno(), on=False)
