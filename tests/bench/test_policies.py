"""What the benchmark of growing policies measures is what it says: bundles that are admitted, rules that allow."""

import pytest

from app.pdp.admission import admit
from app.pdp.bundle import load
from bench.policies import expected, growth, measure_packages, measure_rows, measured, people, policy_files, show
from tests.pdp.shop import written


def test_what_is_measured_is_admitted(tmp_path):
    bundle = load(written(tmp_path, policy_files(3)), "r1")
    assert sorted(bundle.actions) == ["grown.verb0", "grown.verb1", "grown.verb2"]
    admit(bundle)


@pytest.mark.parametrize("step", ["parse", "snapshot", "admit", "load", "load one"])
def test_each_step_of_packages_has_a_figure(step):
    figures = measure_packages(3, step)
    more = {f"{step}, MB", f"{step}, decide"} if step.startswith("load") else set()
    assert figures.keys() == {step} | more
    assert figures[step] > 0


@pytest.mark.parametrize("step", ["lookup", "scan"])
def test_each_shape_of_data_has_a_figure(step):
    assert measure_rows(20, step).keys() == {step, f"{step}, MB", f"{step}, decide"}


def test_rows_of_data_have_ids_of_their_own():
    assert len({row["id"] for row in people(100)}) == 100


@pytest.mark.parametrize(
    ("taken", "seconds"),
    [([], 0), ([5.0], 0), ([1.0, 10.0], 100), ([1.0, 3.0, 6.0], 12), ([4.0, 2.0], 2)],
)
def test_the_next_size_is_expected_to_grow_as_the_last_did(taken, seconds):
    assert expected(taken) == seconds


@pytest.mark.parametrize(
    ("figures", "row", "cell"),
    [
        ([0.001234, 1], 0, "0.0012"),
        ([1.0, 100.0], 1, "100 (^2.0)"),
        ([1234.0, 1234.0], 1, "1,234 (^0.0)"),
        ([0.0, 5.0], 1, "5"),
        ([5.0, 0.0], 1, "0"),
    ],
)
def test_growth_is_told_as_an_exponent(figures, row, cell):
    assert growth(figures, (10, 100), row) == cell


def test_what_takes_too_long_is_left_out(monkeypatch, capsys):
    def apart(_, size, step):
        return {step: size**2 / 100 if step == "slow" else 1.0}

    monkeypatch.setattr("bench.policies.apart", apart)
    found = measured("packages", (10, 100, 1_000), ("slow", "quick"))
    assert found == {"slow": [1.0, 100.0], "quick": [1.0, 1.0, 1.0]}
    show(found, (10, 100, 1_000), 100)
    header, slow, quick = capsys.readouterr().out.splitlines()
    assert header.split() == ["10", "100", "1,000*"]
    assert slow.split() == ["slow", "1", "100", "(^2.0)", "-"]
    assert quick.split() == ["quick", "1", "1", "(^0.0)", "1", "(^0.0)"]
