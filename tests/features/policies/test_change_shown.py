"""How the files of a change are shown."""

from app.features.policies.changes import change_shown
from app.features.policies.git.repository import FileChange

LONG = [f"line {number}" for number in range(1, 41)]


def shown(before, after):
    [found] = change_shown.file_diffs([FileChange(path="policies/a", before=before, after=after)])
    return found


def test_what_is_no_text_is_named_alone():
    assert (shown(b"\xff", None).what, shown(b"\xff", None).lines) == ("deleted, no text", ())


def test_lines_that_stay_are_left_out_and_numbers_go_on():
    after = ["first", *LONG[:-1], "last"]
    found = shown("\n".join(LONG).encode(), "\n".join(after).encode())
    signs = "".join(line.sign for line in found.lines)
    assert signs == "+   @   -+"
    assert (found.lines[0].before, found.lines[0].after, found.lines[0].text) == (None, 1, "first")
    assert (found.lines[1].before, found.lines[1].after) == (1, 2)
    assert (found.lines[-2].before, found.lines[-1].after, found.lines[-1].text) == (40, 41, "last")
    assert not found.cut
