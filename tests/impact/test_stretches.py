"""The log in stretches: how many there are is known before they are made."""

from itertools import chain

from app.impact.log_replay import Stretches
from app.impact.replaying import Journalled, Sealed


def test_a_stretch_is_a_few_seals_and_none_is_left_out():
    sealed = (Sealed(chain="a", first=3, end=8), Sealed(chain="b", first=0, end=0), Sealed(chain="c", first=1, end=2))
    work = Stretches(sealed=sealed, journalled=(Journalled(chain="a", first=90),))
    made = [*work]
    assert made[-1] == Journalled(chain="a", first=90)
    seals = chain.from_iterable(((each.chain, at) for at in range(each.first, each.end)) for each in made[:-1])
    assert [*seals] == [("a", 3), ("a", 4), ("a", 5), ("a", 6), ("a", 7), ("c", 1)]
    assert len(work) == len(made)


def test_millions_of_stretches_are_made_one_at_a_time():
    work = Stretches(sealed=(Sealed(chain="a", first=0, end=10**12),), journalled=())
    assert len(work) > 10**11
    assert next(iter(work)).first == 0
