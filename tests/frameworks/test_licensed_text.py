"""The text that a customer has a licence for is read from a file of theirs, within bounds."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks import catalog, licensed_text
from frameworks.errors import FrameworksError, LicensedTextError

SOC2 = catalog.load()["soc2"]

GOOD = """\
framework: soc2
texts:
  CC6.1: the words of the standard
  CC6.2: |
    two
    lines
"""


def test_texts_are_read_by_item(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(GOOD)

    assert licensed_text.load(path, SOC2) == {"CC6.1": "the words of the standard", "CC6.2": "two\nlines"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("soc2", "iso27001"), "own.yaml: texts of `iso27001`, and not of `soc2`"),
        (GOOD.replace("CC6.1", "CC6.9"), "own.yaml: texts: no member `CC6.9`"),
        (GOOD.replace("the words of the standard", "5"), "own.yaml: texts: `CC6.1` is a text of at most 20000"),
        (GOOD.replace("the words", "w" * 20_001), "own.yaml: texts: `CC6.1` is a text of at most 20000"),
        (GOOD.replace("the words of the standard", '"\\e[2J"'), "own.yaml: texts: `CC6.1` is a text of at most 20000"),
        ("framework: soc2\n", "own.yaml: texts: an object is wanted"),
        ("framework: [", "own.yaml:"),
    ],
    ids=["another framework", "no item", "no text", "too long", "a control character", "no texts", "no YAML"],
)
def test_what_has_no_such_texts_is_refused_by_name(text, why):
    with pytest.raises(LicensedTextError) as refused:
        licensed_text.parse("own.yaml", text, SOC2)

    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"\xff", "no UTF-8"), (b"#" * (licensed_text.LARGEST + 1), "more than"), (None, "No such file")],
    ids=["bytes", "size", "no file"],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, data, why):
    path = tmp_path / "ours.yaml"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(LicensedTextError, match=why):
        licensed_text.load(path, SOC2)


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda each: GOOD.replace("the words", each)))
def test_a_text_has_texts_or_is_refused(text):
    with suppress(FrameworksError):
        licensed_text.parse("own.yaml", text, SOC2)
