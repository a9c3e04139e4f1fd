"""Zips as a browser is given them: what other programs write, and what nobody should."""

import io
import struct
import zipfile

from app.reporting.archive import Archive

TEXT = b"".join(b"%d,%x\n" % (number, number * 2654435761 % 2**32) for number in range(9_000))


class _Pipe(io.RawIOBase):
    """A file that cannot go back: sizes stand behind the members."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def written(members, compression=zipfile.ZIP_DEFLATED, *, streamed=False, large=False, comment=b""):
    file = _Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, data in members.items():
            with made.open(name, "w", force_zip64=large) as member:
                member.write(data)
        made.comment = comment
    return file.data if streamed else file.getvalue()


def archived(members):
    file = io.BytesIO()
    with Archive(file) as archive:
        for name, data in members.items():
            archive.add(name, data)
    return file.getvalue()


def _large_end(data):
    """Let the end of a zip be that of a large one (APPNOTE, sections 4.3.14 and 4.3.15)."""
    at = len(data) - 22
    count, size, start = struct.unpack("<HII", data[at + 10 : at + 20])
    end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<IIQI", 0x07064B50, 0, at, 1)
    return data[:at] + end + locator + data[at : at + 8] + b"\xff" * 12 + bytes(2)


MEMBERS = {"a.txt": b"a", "folder/b.csv": TEXT, "empty": b"", "folder/ü.txt": "ü".encode()}
GOOD = {
    "deflated": written(MEMBERS),
    "stored": written(MEMBERS, zipfile.ZIP_STORED),
    "streamed": written(MEMBERS, streamed=True),
    "streamed and stored": written(MEMBERS, zipfile.ZIP_STORED, streamed=True),
    "large headers": written(MEMBERS, large=True),
    "large headers, streamed": written(MEMBERS, streamed=True, large=True),
    "a workpaper's": archived(MEMBERS),
    "a large end": _large_end(written(MEMBERS)),
    "nothing": written({}),
}


def _with_folder():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.mkdir("folder")
        made.writestr("folder/a", b"a")
    return file.getvalue()


def _link():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        info = zipfile.ZipInfo("a")
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    return file.getvalue()


def _named(name):
    """A zip with one member of this name, whatever zipfile thinks of it."""
    data = written({"n" * len(name.encode()): b"x"})
    return data.replace(b"n" * len(name.encode()), name.encode())


def _changed(where, place, new, data=None):
    """Put bytes at a place behind the signature of a local header, of the directory, or of the end."""
    data = data or written({"a.txt": TEXT, "b.txt": b"b"})
    at = data.rfind({"local": b"PK\3\4", "directory": b"PK\1\2", "end": b"PK\5\6"}[where]) + place
    return data[:at] + new + data[at + len(new) :]


def _overlapping():
    """Both members of the directory are the first one (as in a bomb that unpacks one member many times)."""
    return _changed("directory", 42, bytes(4))


def _gap():
    data = written({"a": b"a", "b": b"b"}, zipfile.ZIP_STORED)
    second, directory = data.rfind(b"PK\3\4"), data.find(b"PK\1\2")
    moved = data[:second] + b"hidden" + data[second:]
    moved = _changed("directory", 42, struct.pack("<I", second + 6), moved)
    return _changed("end", 16, struct.pack("<I", directory + 6), moved)


def _twice():
    data = written({"a": b"1", "b": b"2"})
    return data.replace(b"b", b"a")


def _wrong_streamed():
    data = written({"a": b"abc"}, zipfile.ZIP_STORED, streamed=True)
    at = data.find(b"PK\7\x08") + 4
    return data[:at] + b"\0\0\0\0" + data[at + 4 :]


BAD = {
    "no bytes": b"",
    "no zip": b"PK" + bytes(100),
    "a zip that is cut off": written(MEMBERS)[:-1],
    "something behind it": written(MEMBERS) + b"x",
    "something before it": b"x" + written(MEMBERS),
    "a comment": written(MEMBERS, comment=b"x"),
    "something between members": _gap(),
    "members that overlap": _overlapping(),
    "a link": _link(),
    "a name twice": _twice(),
    "a name that leads up": _named("../a"),
    "a name that leads up within": _named("a/../../b"),
    "a name from the root": _named("/etc/passwd"),
    "a name of Windows": _named("a\\b"),
    "a name with a drive": _named("c:a"),
    "a name with nothing between": _named("a//b"),
    "a name that is here": _named("./a"),
    "a name with a NUL": _named("a\0b"),
    "an encrypted member": _changed("directory", 8, b"\1\0"),
    "another way to pack": _changed("directory", 10, b"\x0c\0"),
    "another CRC": _changed("directory", 16, b"\0\0\0\0"),
    "another CRC in both places": _changed("local", 14, b"\1\2\3\4", _changed("directory", 16, b"\1\2\3\4")),
    "another name in the header": _changed("local", 30, b"c"),
    "another size in the header": _changed("local", 22, b"\7\0\0\0"),
    "another size in both places": _changed("local", 22, b"\7\0\0\0", _changed("directory", 24, b"\7\0\0\0")),
    "another way to pack in the header": _changed("local", 8, b"\0\0"),
    "other flags in the header": _changed("local", 6, b"\0\x08"),
    "more members than there are": _changed("end", 10, b"\3\0", _changed("end", 8, b"\3\0")),
    "fewer members than there are": _changed("end", 10, b"\1\0", _changed("end", 8, b"\1\0")),
    "a newer kind of zip": _changed("directory", 6, b"\x3f"),
    "a field that is cut off": _changed("local", 33, b"\xff", written({"a": b"a"}, large=True)),
    "a second disk": _changed("end", 4, b"\1\0"),
    "a directory somewhere else": _changed("end", 16, b"\1\0\0\0"),
    "sizes behind a member that are not its own": _wrong_streamed(),
    "a member that cannot be unpacked": _changed("local", 35, b"\xff" * 8),
    "a bomb": written({"zeros": bytes(1 << 22)}),
}
LIMITED = {
    "a file too large": {"file": 100},
    "too many members": {"members": 3},
    "a member too large": {"member": 1_000},
    "too much in all": {"total": 1_000},
    "too large a directory": {"directory": 10},
}


def cases():
    """Yield name, bytes, limits, and the members in hex, or None where the zip has to be refused."""
    for name, data in GOOD.items():
        yield name, data, {}, {} if name == "nothing" else {each: value.hex() for each, value in MEMBERS.items()}
    yield "a folder of its own", _with_folder(), {}, {"folder/a": b"a".hex()}
    for name, data in BAD.items():
        yield name, data, {}, None
    for name, limits in LIMITED.items():
        yield name, GOOD["deflated"], limits, None
