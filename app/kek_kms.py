"""The key-encryption key's generations wrapped by AWS KMS: one KMS key for each. The only module that speaks to it.

A generation is a data key that KMS made (`GenerateDataKey`) under a KMS key of its own; what KMS returned of it lies in
a file, and KMS alone unwraps that, for whom it allows and with the name of the log and the number of the generation
(the encryption context). To destroy a generation is to schedule the deletion of its KMS key: from that moment KMS
unwraps nothing under it, wherever a copy of the file is.
"""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from app.kek_folder import KekFolder, translated
from app.kek_provider import KmsError, KmsRefusedError, KmsUnavailableError
from app.keys import KeyFileError, make_closed, read_closed

PENDING_DAYS: Final = 7
"""Days until KMS has deleted a key for good, the fewest it takes. In them the deletion can be cancelled."""

_CONNECT, _READ, _ATTEMPTS = 1.0, 3.0, 3  # seconds, seconds, requests: a decision that waits has given up by then
_KEY_BYTES: Final = 32
_SERVER_FAILED: Final = 500
_PASSING: Final = frozenset(
    {
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "KMSInternalException",
        "LimitExceededException",
        "RequestExpired",
        "ThrottlingException",
    }
)
_GOING: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapped:
    """What lies in a file: the KMS key's name (ARN), and the data key as KMS wrapped it."""

    key: str
    wrapped: bytes

    @classmethod
    def parse(cls, data: bytes, name: str) -> "_Wrapped":
        """Read a file.

        Raises:
            KeyFileError: it holds something else.
        """
        try:
            document = json.loads(data)
            if document.keys() == {"v", "key", "wrapped"} and document["v"] == 1 and _region(document["key"]):
                return cls(key=document["key"], wrapped=b64decode(document["wrapped"], validate=True))
        except (ValueError, TypeError, AttributeError, IndexError, RecursionError):
            pass
        raise KeyFileError(f"`{name}` is no wrapped generation of the key-encryption key")

    def text(self) -> bytes:
        """Return what the file holds."""
        return json.dumps({"v": 1, "key": self.key, "wrapped": b64encode(self.wrapped).decode()}).encode() + b"\n"

    @property
    def id(self) -> str:
        """Return the KMS key's id, without account and region."""
        return self.key.rpartition("/")[2]


class KmsKeks:
    """See `KekProvider`. `KmsError` where the service fails or refuses, `KeyFileError` where the directory does.

    Credentials are found as boto3 finds them; none is kept here. Safe to use from several threads.
    """

    def __init__(self, directory: Path, *, region: str, log: str) -> None:
        """Keep wrapped generations in `directory`; sends no request.

        Args:
            directory: of the node's keys.
            region: where KMS keys are made, and may be: one of another region is refused before it is asked about.
            log: the name of the log, which is part of the encryption context.
        """
        self._folder, self._region, self._log = KekFolder(directory, "kms"), region, log
        self._client: Any = None
        self._making = threading.Lock()

    def load(self) -> Mapping[int, bytes]:
        """Return every generation that is whole; KMS is asked when one is looked up."""
        return _Opened(self, self._folder.whole())

    def traces(self) -> frozenset[int]:
        """Return the generations of which there is anything, be it half destroyed."""
        return self._folder.traces()

    def make(self, generation: int) -> None:
        """Make a KMS key and a data key under it, unless there is that generation; durable once this returns."""
        path = self._folder.path(generation)
        if path.exists():
            return
        tags = [
            {"TagKey": "omega:log", "TagValue": self._log},
            {"TagKey": "omega:generation", "TagValue": str(generation)},
        ]
        with self._speaking() as client:
            answer = client.create_key(Description="omega: a generation of the key-encryption key", Tags=tags)
            key = answer["KeyMetadata"]["Arn"]
            context = self._context(generation)
            # Without its plaintext: nobody needs it here, and whoever does has it unwrapped.
            answer = client.generate_data_key_without_plaintext(
                KeyId=key, NumberOfBytes=_KEY_BYTES, EncryptionContext=context
            )
            made = _Wrapped(key=key, wrapped=answer["CiphertextBlob"])
        with translated():
            make_closed(path, made.text())

    def destroy(self, generation: int) -> None:
        """Have KMS unwrap nothing of a generation any more, then overwrite and remove what is here of it.

        KMS deletes the key for good after `PENDING_DAYS`; until then somebody with the right to cancel that and a copy
        of the file could undo it. Nobody can afterwards.
        """
        for path in self._folder.withdraw(generation):
            found = self._left(path)
            if found is not None:
                self._schedule(found)
        self._folder.wipe(generation)

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other rotations out; see `KekFolder.exclusive`."""
        return self._folder.exclusive()

    def unwrap(self, generation: int, path: Path) -> bytes:
        """Return what is in a file, as KMS unwraps it.

        Raises:
            KeyFileError: the file cannot be read, or holds something else.
            KmsUnavailableError, KmsRefusedError: KMS does not answer, or says no.
        """
        found = _Wrapped.parse(read_closed(path), path.name)
        self._refuse_foreign(found)
        with self._speaking() as client:
            answer = client.decrypt(
                CiphertextBlob=found.wrapped, KeyId=found.key, EncryptionContext=self._context(generation)
            )
            key: bytes = answer["Plaintext"]
        return key

    def _left(self, path: Path) -> _Wrapped | None:
        """Return what is in a file that is to go; None if it is overwritten already, or a draft that was cut off."""
        data = read_closed(path)
        if not data.strip(b"\0"):
            return None
        try:
            return _Wrapped.parse(data, path.name)
        except KeyFileError:
            if path.suffix == ".destroyed":
                raise
            return None

    def _schedule(self, found: _Wrapped) -> None:
        self._refuse_foreign(found)
        with self._speaking() as client:
            try:
                state = client.describe_key(KeyId=found.key)["KeyMetadata"]["KeyState"]
                if state not in _GOING:
                    client.schedule_key_deletion(KeyId=found.id, PendingWindowInDays=PENDING_DAYS)
            except ClientError as error:
                if _code(error) != "NotFoundException":
                    raise

    def _refuse_foreign(self, found: _Wrapped) -> None:
        if _region(found.key) != self._region:
            raise KmsRefusedError(f"a generation of the key-encryption key is kept in another region: `{found.key}`")

    def _context(self, generation: int) -> dict[str, str]:
        return {"omega:log": self._log, "omega:generation": str(generation)}

    @contextmanager
    def _speaking(self) -> Iterator[Any]:
        """Give the client, and turn what goes wrong with it into one of our errors."""
        try:
            yield self._connected()
        except ClientError as error:
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            if _code(error) in _PASSING or status >= _SERVER_FAILED:
                raise KmsUnavailableError(f"KMS asks for patience: {_code(error)}") from error
            raise KmsRefusedError(f"KMS refuses: {_code(error)}") from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise KmsUnavailableError(f"KMS cannot be reached: {type(error).__name__}") from error
        except (KeyError, TypeError) as error:
            raise KmsError("KMS answered something else than was asked for") from error

    def _connected(self) -> Any:
        with self._making:  # a tenth of a second, once
            if self._client is None:
                retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
                config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries=retries)
                self._client = boto3.session.Session().client("kms", region_name=self._region, config=config)
        return self._client


class _Opened(Mapping[int, bytes]):
    """Generations by number, unwrapped when looked up."""

    def __init__(self, provider: KmsKeks, paths: Mapping[int, Path]) -> None:
        self._provider, self._paths = provider, paths

    def __getitem__(self, generation: int) -> bytes:
        return self._provider.unwrap(generation, self._paths[generation])

    def __contains__(self, generation: object) -> bool:
        return generation in self._paths

    def __iter__(self) -> Iterator[int]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _region(arn: str) -> str:
    """Return the region in the name of a KMS key: `arn:aws:kms:<region>:<account>:key/<id>`.

    Raises:
        ValueError: it is none.
    """
    prefix, partition, service, region, _, resource = arn.split(":")
    if (prefix, service) != ("arn", "kms") or not (partition and region and resource.startswith("key/")):
        raise ValueError("no KMS key")
    return region
