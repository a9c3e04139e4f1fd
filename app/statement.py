"""What a node whose policies come from a directory was last told to have in force, signed with the node's token key.

Written before the file that workers watch, so that whoever compares the two never takes an honest change for a foreign
one. Owns the statement; whether what it names is in force, drift detection says.
"""

import base64
import json
from contextlib import suppress
from typing import Any, Final

from cryptography.exceptions import InvalidSignature

from app import activation, keys
from app.pdp.bundle import Bundle
from app.settings import Settings

_NAME: Final = "stated"
_LARGEST: Final = 4_096  # bytes
_CONTEXT: Final = b"omega policies in force/1\n"
"""What is signed begins like no token does, so that neither signature is good for the other."""


class StatementError(Exception):
    """There is no statement, or none that this node's key signed."""


def put_in_force(bundle: Bundle, settings: Settings) -> None:
    """State that a bundle, which is admitted and kept, is to decide, and have every worker take it over.

    A node that was never started has no keys to state it with; its start does.

    Raises:
        OSError: the disk does not take it.
    """
    with suppress(keys.KeyFileError):
        state(bundle.digest, settings)
    activation.put_in_force(bundle.digest, settings.bundles)


def state(digest: str, settings: Settings) -> None:
    """State that the bundle of `digest` is to decide.

    Raises:
        KeyFileError: the node's keys cannot be read.
        OSError: the disk does not take it; what was stated before holds.
    """
    signature = keys.load(settings.keys).token.sign(_CONTEXT + digest.encode())
    document = {"bundle": digest, "signature": base64.b64encode(signature).decode()}
    activation.replace_file(settings.bundles / _NAME, json.dumps(document).encode())


def verify_stated(settings: Settings) -> str:
    """Return the digest of the bundle that is to decide.

    Raises:
        StatementError: nobody with this node's key says so.
    """
    try:
        with (settings.bundles / _NAME).open("rb") as file:
            digest, signature = _parse(file.read(_LARGEST + 1))
        keys.load(settings.keys).token.public_key().verify(signature, _CONTEXT + digest.encode())
    except OSError as error:
        raise StatementError("nothing states what is in force") from error
    except (InvalidSignature, keys.KeyFileError) as error:
        raise StatementError("what states what is in force is not signed with this node's key") from error
    return digest


def _parse(data: bytes) -> tuple[str, bytes]:
    try:
        found: Any = json.loads(data if len(data) <= _LARGEST else b"")
        digest, signature = found["bundle"], base64.b64decode(found["signature"], validate=True)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise StatementError("what states what is in force cannot be read") from error
    if not isinstance(digest, str) or not activation.is_digest(digest):
        raise StatementError("what states what is in force names no bundle")
    return digest, signature
