"""Archives are opened safely, in bounded time, and nothing of them is written."""

import contextlib
import gzip
import io
import stat
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.inspection import archive
from app.features.marketplace.inspection.archive import MAX_ARTIFACT, walk
from app.features.marketplace.inspection.errors import ArchiveError
from tests.features.marketplace.inspection.making import FILES, tarred, zipped


def refused(artifact):
    with pytest.raises(ArchiveError) as error:
        list(walk(artifact))
    return error.value.code


def test_zip_and_tar_are_read_in_order():
    assert {each.path: each.data for each in walk(zipped())} == FILES
    for packed in (True, False):
        assert {each.path: each.data for each in walk(tarred(FILES.items(), packed=packed))} == FILES


@pytest.mark.parametrize(
    "path",
    ["../evil", "a/../../evil", "/etc/passwd", "a\\..\\evil", "C:evil", "a//b", "a/./b", "a\x00b", "a\nb", "x" * 501],
)
def test_a_path_that_leads_out_is_refused(path):
    if "\x00" not in path:  # zipfile cuts such a name itself
        assert refused(zipped({path: b"x"})) == "slip"
    if "\x00" not in path and len(path) < 500:
        assert refused(tarred([(path, b"x")])) == "slip"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.CHRTYPE, "special"), (tarfile.FIFOTYPE, "special")],
)
def test_what_is_no_file_is_refused(kind, code):
    member = tarfile.TarInfo("a")
    member.type, member.linkname = kind, "/etc/passwd"
    assert refused(tarred([(member, b"")])) == code


def test_a_link_in_a_zip_is_refused():
    info = zipfile.ZipInfo("a")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(zipped({info: b"/etc/passwd"})) == "link"
    info.external_attr = (stat.S_IFCHR | 0o777) << 16
    assert refused(zipped({info: b""})) == "special"


def test_two_files_of_one_path_are_refused():
    assert refused(zipped({"a": b"1", "A": b"2"})) == "twice"
    assert refused(tarred([("a", b"1"), ("a", b"2")])) == "twice"


def test_an_encrypted_file_is_refused():
    made = bytearray(zipped({"a": b"x"}))
    at = made.index(b"PK\x01\x02")
    made[at + 8] |= 1
    assert refused(bytes(made)) == "encrypted"


def test_a_packing_that_is_not_usual_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as opened:
        opened.writestr("a", b"x")
    assert refused(made.getvalue()) == "encrypted"


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(archive, "MAX_TOTAL", 4 << 20)


@pytest.mark.usefixtures("narrow")
def test_bombs_are_refused():
    large = b"\0" * (2 << 20)
    assert refused(zipped({"a": large})) == "bomb"
    assert refused(tarred([("a", large)])) == "bomb"
    parts = {f"{number}": b"\0" * (1 << 20) for number in range(5)}
    assert refused(zipped(parts)) == "bomb"
    assert refused(tarred(parts.items())) == "bomb"


@pytest.mark.usefixtures("narrow")
def test_a_zip_that_lies_about_its_sizes_is_refused():
    made = bytearray(zipped({"a": b"\0" * (2 << 20)}))
    at = made.index(b"PK\x01\x02")
    made[at + 24 : at + 28] = (1).to_bytes(4, "little")
    assert refused(bytes(made)) in {"bomb", "no_archive"}


def test_a_bomb_within_headers_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 1 << 16)
    monkeypatch.setattr(archive, "MAX_FILES", 8)
    assert refused(gzip.compress(b"\0" * (1 << 20))) == "no_archive"
    member = tarfile.TarInfo("a")
    member.pax_headers = {"comment": "x" * (1 << 20)}
    assert refused(tarred([(member, b"")])) == "bomb"


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    many = {f"{number}": b"" for number in range(4)}
    assert refused(zipped(many)) == "too_many"
    assert refused(tarred(many.items())) == "too_many"


@pytest.mark.usefixtures("narrow")
def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.delattr(archive, "_read")
    assert refused(zipped({f"{number}": b"\0" * (1 << 20) for number in range(5)})) == "bomb"


def test_an_artifact_that_is_too_large_is_refused():
    assert refused(b"PK\x03\x04" + b"\0" * MAX_ARTIFACT) == "too_large"


@pytest.mark.parametrize("cut", [10, 100, 300, -1, -20])
def test_a_part_of_an_archive_is_none(cut):
    assert refused(zipped()[:cut]) == "no_archive"


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"BZh9"]))
def test_bytes_leak_no_other_error(data, head):
    with contextlib.suppress(ArchiveError):
        list(walk(head + data))


@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_a_changed_byte_leaks_no_other_error(place, value, packed):
    made = bytearray(tarred([("a", b"x" * 20)], packed=False) if packed else zipped({"a": b"x" * 20}))
    made[place % len(made)] = value
    with contextlib.suppress(ArchiveError):
        list(walk(bytes(made)))
