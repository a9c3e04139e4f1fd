"""Where the demo's log lies: an S3 server with Object Lock if there is one to run, a directory if not."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.dev_s3 import DevS3, DevS3Error, running_s3
from evidence.store import S3Options, WormStore, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A store for one log.

    `words` say what it is, `environment` is what the service needs to reach it.
    """

    url: str
    words: str
    environment: Mapping[str, str]
    options: S3Options | None = None

    def open(self) -> WormStore:
        """Return the store, for reading."""
        return open_store(self.url, s3=self.options, read_only=True)

    def copy_to(self, folder: Path) -> int:
        """Copy every object into an empty folder, as files; return how many there were."""
        store, count = self.open(), 0
        for count, key in enumerate(store.keys(), 1):  # noqa: B007 - the last number is the count
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(store.get(key))
        return count


@contextmanager
def storage(scratch: Path) -> Iterator[Storage]:
    """Yield the best store that this machine can run; it is gone afterwards."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_s3())
        except DevS3Error as error:
            yield Storage(
                url=str(scratch / "store"),
                words=f"a local directory, because no S3 server can be run here: {error}",
                environment={},
            )
        else:
            yield _locked(server)


def _locked(server: DevS3) -> Storage:
    where = {"AWS_ENDPOINT_URL_S3": server.options.endpoint or "", "AWS_DEFAULT_REGION": server.options.region or ""}
    return Storage(
        url=server.url,
        words=f"{server.url}, on an S3 server with Object Lock at {server.options.endpoint} (for trials only)",
        environment={**server.environment, **where, "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"},
        options=server.options,
    )
