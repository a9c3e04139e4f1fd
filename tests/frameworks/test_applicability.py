"""An organisation says what applies to it, with reasons; what it does not say applies."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks import applicability, catalog, control
from frameworks.applicability import BY_DEFAULT, EVERYTHING
from frameworks.errors import ApplicabilityError, FrameworksError

CATALOGS = catalog.load()

GOOD = """\
organisation: Example Ltd
frameworks:
  iso27001:
    - {item: A.7.4, applicable: false, justification: no premises of our own}
    - {item: A.8.30, applicable: true, justification: one team is outside}
"""


def test_everything_applies_unless_somebody_says_why_not():
    lines = applicability.statement(CATALOGS["iso27001"], control.load().values(), EVERYTHING)

    assert len(lines) == 123
    assert {(each.applicable, each.justification) for each in lines} == {(True, BY_DEFAULT)}
    assert "access-review" in next(each.controls for each in lines if each.item.id == "A.5.18")


def test_what_an_organisation_says_stands_in_its_statement(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(GOOD)
    ours = applicability.load(path, CATALOGS)
    lines = {each.item.id: each for each in applicability.statement(CATALOGS["iso27001"], (), ours)}

    assert (lines["A.7.4"].applicable, lines["A.7.4"].justification) == (False, "no premises of our own")
    assert (lines["A.8.30"].applicable, lines["A.8.30"].justification) == (True, "one team is outside")
    assert lines["A.7.5"].applicable
    assert not ours.applies("iso27001", "A.7.4")
    assert ours.applies("soc2", "CC1.1")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("organisation: Example Ltd\n", ""), "own.yaml: `organisation` is a line of text, at most 400 characters"),
        (("iso27001:", "iso9001:"), "own.yaml: frameworks: no member `iso9001`"),
        (("A.7.4", "A.7.99"), "own.yaml: `iso27001`: `item` is one of the framework"),
        (("A.8.30", "A.7.4"), "own.yaml: `iso27001`: `A.7.4` stands twice"),
        (("applicable: false, ", ""), "own.yaml: `iso27001`: `applicable` is `true` or `false`"),
        ((", justification: no premises of our own", ""), "own.yaml: `iso27001`: `justification` is a line of text"),
        (("A.7.4", '"4.1"'), "own.yaml: `iso27001`: `4.1` is a clause, which cannot be left out"),
        (("frameworks:", "frameworks: ["), "own.yaml:"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_does_not_say_what_applies_is_refused_by_name(change, why):
    with pytest.raises(ApplicabilityError) as refused:
        applicability.parse("own.yaml", GOOD.replace(*change), CATALOGS)

    assert str(refused.value).startswith(why)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ApplicabilityError, match=r"`none\.yaml`: No such file"):
        applicability.load(tmp_path / "none.yaml", CATALOGS)


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda each: GOOD.replace("one team is outside", each)))
def test_a_text_says_what_applies_or_is_refused(text):
    with suppress(FrameworksError):
        applicability.parse("own.yaml", text, CATALOGS)
