"""What a node has behind it when a fault comes."""

import shutil

from tests.faults import dying
from tests.faults.life import Place, live


def alone(folder):
    """Nothing."""
    folder.mkdir()


def torn(folder):
    """Something was acknowledged and sealed, and the last write was torn."""
    live(folder)
    assert dying.dying(folder, dying.HALF, 3)


def copied(folder):
    """The machine goes on from a copy of its disk, on a chain that another one continued meanwhile."""
    live(folder)
    journals = Place(folder).journals
    shutil.copytree(journals, folder / "snapshot")
    live(folder)
    shutil.rmtree(journals)
    shutil.move(folder / "snapshot", journals)


HISTORIES = {"a new node": alone, "after a torn write": torn, "a copied machine": copied}
