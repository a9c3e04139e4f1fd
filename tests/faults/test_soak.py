"""A long run: a million records through one writer and one sealer in `make chaos`, fewer before."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from evidence.chain import Chain
from evidence.record import Draft
from evidence.sealer import Limits, Sealer
from evidence.stores.local import LocalStore
from tests.evidence.sealing import CLASSES, KEY, everything
from tests.faults.aftermath import held
from tests.faults.dying import forked
from tests.faults.life import Place, acknowledge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

RECORDS = int(os.environ.get("OMEGA_RECORDS", "20000"))
BATCH = 500
WARM = 5_000
SLACK = 24 << 10  # KiB: what allocators keep of the last segments


def resident():
    """Return the resident memory of this process, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def lived(place):
    """Write and seal all records; return by how many KiB memory has grown since the first ones."""
    limits = Limits(age=0, checkpoint=0, keep_journal=timedelta(0).total_seconds())
    sealer = Sealer(LocalStore(place.store), place.journals, KEY, classes=CLASSES, limits=limits, memory=place.memory)
    chain = Chain.open(place.journals, retention_class="std7y", version="0")
    begun = 0
    for number in range(0, RECORDS, BATCH):
        drafts = [Draft(type="decision", tenant="default", body={"n": number + each}) for each in range(BATCH)]
        for appended in chain.append(*drafts):
            acknowledge(place, appended)
        sealer.step()
        begun = resident() if number == WARM else begun
    chain.close()
    everything(sealer, flush=True)
    return resident() - begun


def test_a_long_run_grows_nothing_and_loses_nothing(tmp_path, tally):
    place = Place(tmp_path / "node")
    place.folder.mkdir()
    place.acknowledged.touch()
    grown = int(forked(lambda: lived(place)))
    tally(f"a long run ({grown} KiB more memory)", held(place.store, place.acknowledgements()))
    assert grown < SLACK
    assert len(place.acknowledgements()) == RECORDS
