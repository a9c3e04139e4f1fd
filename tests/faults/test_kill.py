"""kill -9 at every step of a node's life."""

import shutil

import pytest

from tests.faults import dying
from tests.faults.aftermath import aftermath
from tests.faults.sampling import FEW, SOME, spread


def die_everywhere(before, quick, tally, most):
    name, template = before
    passed = dying.passages(shutil.copytree(template, quick / "dry"))
    for step, number in passed.items():
        for passage in spread(number, most):
            folder = shutil.copytree(template, quick / "node")
            assert dying.dying(folder, step, passage), f"{step} is not passed {passage} times"
            tally(f"kill -9, {name}", aftermath(folder, checked=passage % 2 == 0))
            shutil.rmtree(folder)
    return passed


def test_killed_at_any_step_a_node_loses_nothing(before, quick, tally):
    die_everywhere(before, quick, tally, FEW)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_killed_at_any_passage_of_any_step_a_node_loses_nothing(before, quick, tally):
    die_everywhere(before, quick, tally, SOME)


def test_every_step_is_passed_by_some_node(histories, quick):
    passed = set()
    for name, template in histories.items():
        passed |= dying.passages(shutil.copytree(template, quick / name)).keys()
    assert passed == set(dying.names())
