"""What the node's snapshot of advisories knows of releases: their kept bills of materials are held against it.

Owns when the snapshot is read again: once its file is another one. A statement of exploitability (VEX) that came with a
release is not looked at here: whoever has one brings a release in again.
"""

import os
from collections.abc import Collection
from pathlib import Path

from app.features.marketplace.inspection.advisories import Advisories
from app.features.marketplace.inspection.bom import parse_bom
from app.features.marketplace.inspection.errors import AdvisoryError
from app.features.marketplace.inspection.severity import Severity
from app.features.marketplace.rows import ReleaseRow
from app.features.marketplace.supply.artifacts import Artifacts
from app.objects import Objects

_BILL = "sbom"


class SnapshotAdvisor:
    """See `rescan_job.Advisor`."""

    def __init__(self, snapshot: Path, objects: Objects) -> None:
        """Hold bills of materials among `objects` against the file `snapshot`."""
        self._path, self._artifacts = snapshot, Artifacts(objects)
        self._stamp: tuple[int, int] | None = None
        self._advisories: Advisories | None = None

    def snapshot(self) -> str:
        """See `Advisor.snapshot`; empty where there is none."""
        found = self._read()
        return "" if found is None else found.digest

    def critical(self, release: ReleaseRow) -> Collection[str]:
        """See `Advisor.critical`.

        Raises:
            SupplyError, BomError: the release's bill of materials is gone, or none.
            ObjectsError: it cannot be read now.
        """
        if (advisories := self._read()) is None or _BILL not in release.files:
            return ()
        parts = parse_bom(self._artifacts.get(release.files[_BILL])).components
        hits = (found for part in parts for found in advisories.of(part))
        return {found.id for found in hits if found.severity is Severity.CRITICAL}

    def _read(self) -> Advisories | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - both figures at once
        except FileNotFoundError:
            return None
        stamp = (found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            try:
                self._advisories = Advisories.load(self._path)
            except AdvisoryError:
                self._advisories = None
            self._stamp = stamp
        return self._advisories
