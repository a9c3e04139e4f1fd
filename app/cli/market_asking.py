"""A request of `omega market` to the service: who asks, what is sent, and in one line why it was refused."""

import argparse
import json
import secrets
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from app.cli import token
from app.cli.output import NO_SERVICE, UNUSABLE, CommandError, printable
from app.settings import Settings

_PATIENCE: Final = 120.0  # seconds: a release is looked into while its sender waits
_LARGEST: Final = 64 << 20  # bytes read of an answer
_LIFETIME: Final = 300  # seconds
_LONGEST: Final = 16_384  # bytes of a token
_SERVER: Final = 500


def add_to(command: argparse.ArgumentParser) -> None:
    """Add what says who asks, and where."""
    command.add_argument("--url", help="of the service (default: where the settings say that it listens)")
    command.add_argument("--bearer", type=Path, metavar="FILE", help="with the token of the service that asks")
    command.add_argument("--as", dest="caller", metavar="NAME", help="ask as this service, by this node's token key")
    command.add_argument(
        "--as-tenant", default="default", metavar="NAME", help="of that service (default: %(default)s)"
    )


def _bearer(options: argparse.Namespace, settings: Settings) -> str | None:
    """Return the token that is sent; who has none is a visitor."""
    if options.bearer is not None:
        return read(options.bearer)[:_LONGEST].decode("ascii", "replace").strip()
    if options.caller is not None:
        return token.issue(settings, options.caller, options.as_tenant, _LIFETIME)
    return None


def read(path: Path) -> bytes:
    """Return what stands in a file.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"`{path.name}`: {error.strerror}") from error


def ask(  # noqa: PLR0913 - what a request consists of
    options: argparse.Namespace,
    settings: Settings,
    path: str,
    *,
    body: Any = None,
    form: tuple[dict[str, str], dict[str, bytes]] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the JSON that the service answers.

    Raises:
        CommandError: it denies (1), refuses the request (2), or is not there (3).
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = (options.url or f"http://{host}:{settings.port}").rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"`{printable(url)}` is no http or https URL")
    given = {"accept": "application/json"} | (headers or {})
    if (bearer := _bearer(options, settings)) is not None:
        given["authorization"] = f"Bearer {bearer}"
    data = None
    if form is not None:
        boundary = secrets.token_hex(16)
        data, given["content-type"] = _multipart(*form, boundary), f"multipart/form-data; boundary={boundary}"
    elif body is not None:
        data, given["content-type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(url + path, data, given)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 - checked above
            found = json.loads(response.read(_LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error) from error
    except (OSError, ValueError, HTTPException) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise CommandError(f"no service at {url}: {why}; start it with `omega serve`", NO_SERVICE) from error
    if not isinstance(found, dict):
        raise CommandError("what answers there is no marketplace", NO_SERVICE)
    return found


def _refusal(error: urllib.error.HTTPError) -> CommandError:
    """Return the end of a command that the service refused, in one line."""
    try:
        found = json.loads(error.read(_LARGEST))
    except ValueError:
        found = None
    said = found if isinstance(found, dict) else {}
    gates = "; ".join(f"{each['id']}: {each['title']}" for each in said.get("gates", ()))
    if gates:
        return CommandError(printable(f"denied by decision {said.get('decision_id')}: {gates}"), 1)
    told = ": ".join(said[name] for name in ("title", "detail") if isinstance(said.get(name), str)) or str(error)
    return CommandError(printable(told), NO_SERVICE if error.code >= _SERVER else UNUSABLE)


def _multipart(fields: dict[str, str], files: dict[str, bytes], boundary: str) -> bytes:
    """Return a form with files (RFC 7578)."""
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts += [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in files.items()
    ]
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
