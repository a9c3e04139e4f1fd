"""Which provider keeps the key-encryption key of a node, as its settings say."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from app.kek_files import KekFiles
from app.kek_provider import KekProvider
from app.keys import KeyFileError, kek_name
from app.setting_forms import KMS
from app.settings import Settings


def open_keks(settings: Settings) -> KekProvider:
    """Return the provider of `OMEGA_KEK`; see `keks_at`."""
    return keks_at(settings.keys, settings.kek, log=settings.origin)


def keks_at(directory: Path, kek: str, *, log: str) -> KekProvider:
    """Return the provider that `kek` names, for the log called `log`. Asks nobody anything yet.

    Beside KMS, generations that are files are still opened and destroyed, so that a node comes to KMS by a rotation.
    """
    files = KekFiles(directory)
    if not kek.startswith(KMS):
        return files
    from app.kek_kms import KmsKeks  # noqa: PLC0415 - boto3 is for those who use KMS

    return KekSuccession(KmsKeks(directory, region=kek.removeprefix(KMS), log=log), before=files)


def check_keks(settings: Settings) -> None:
    """See that there is a generation, and that each one there is can be opened.

    Raises:
        KeysError: it is not so. What was lost is never replaced in silence.
    """
    if not dict(open_keks(settings).load()):
        lost = settings.keys / kek_name(1)
        raise KeyFileError(f"no generation of the key-encryption key is here, neither `{lost}` nor a later one")


class KekSuccession:
    """See `KekProvider`: generations are made by one provider; what another one made `before` is opened and destroyed.

    A number is one generation: it is not made again where the provider before has it.
    """

    def __init__(self, now: KekProvider, *, before: KekProvider) -> None:
        self._now, self._before = now, before

    def load(self) -> Mapping[int, bytes]:
        """Return the generations of both."""
        return _Either(self._before.load(), self._now.load())

    def traces(self) -> frozenset[int]:
        """Return the generations of which either has anything."""
        return self._now.traces() | self._before.traces()

    def make(self, generation: int) -> None:
        """Make a generation with the provider of now."""
        if generation not in self._before.traces():
            self._now.make(generation)

    def destroy(self, generation: int) -> None:
        """Destroy a generation wherever it is."""
        self._before.destroy(generation)
        self._now.destroy(generation)

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other rotations out."""
        return self._now.exclusive()


class _Either(Mapping[int, bytes]):
    """What is in one mapping or the other, looked up when asked for."""

    def __init__(self, *parts: Mapping[int, bytes]) -> None:
        self._parts = parts

    def __getitem__(self, generation: int) -> bytes:
        for part in self._parts:
            if generation in part:
                return part[generation]
        raise KeyError(generation)

    def __contains__(self, generation: object) -> bool:
        return any(generation in part for part in self._parts)

    def __iter__(self) -> Iterator[int]:
        return iter({generation: None for part in self._parts for generation in part})

    def __len__(self) -> int:
        return len(set(self))
