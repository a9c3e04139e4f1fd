"""One request, one path: what servers read differently is taken by none."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decision_plane.target import Target
from app.pdp.errors import MalformedRequestError


def parsed(uri=b"/a", host="portal.example.com"):
    return Target.parse(method="GET", scheme="https", host=host, uri=uri)


SAME = {
    "the root": (b"/", "/"),
    "plain": (b"/a/b.html", "/a/b.html"),
    "a last slash": (b"/a/", "/a/"),
    "a query is left out": (b"/a?b=/../c", "/a"),
    "letters that need no encoding": (b"/%61dm%69n", "/admin"),
    "what may stand as it is": (b"/a%3Ab%40c", "/a:b@c"),
    "what has to be encoded, in capitals": (b"/caf%c3%a9", "/caf%C3%A9"),
    "a space": (b"/a%20b", "/a%20b"),
    "dots within a name": (b"/a..b/...", "/a..b/..."),
}


@pytest.mark.parametrize(("uri", "path"), SAME.values(), ids=SAME)
def test_a_path_has_one_form(uri, path):
    assert parsed(uri).path == path


AMBIGUOUS = {
    "nothing": b"",
    "no path": b"a",
    "a whole address": b"http://portal.example.com/a",
    "the parent": b"/a/../b",
    "the parent at the end": b"/a/..",
    "the parent, encoded": b"/a/%2e%2E/b",
    "the place itself": b"/./a",
    "an empty segment": b"/a//b",
    "an empty segment at the start": b"//portal.example.com/a",
    "an encoded slash": b"/a%2Fb",
    "an encoded slash in small letters": b"/a%2fb",
    "a backslash": b"/a\\b",
    "an encoded backslash": b"/a%5cb",
    "encoded twice": b"/a%252fb",
    "a parameter": b"/a;b=c/d",
    "an encoded parameter": b"/a%3bb",
    "an encoded question mark": b"/a%3Fb",
    "a fragment": b"/a#b",
    "an encoded fragment": b"/a%23b",
    "an end of text": b"/a%00",
    "an end of line": b"/a%0d%0ab",
    "half an escape": b"/a%2",
    "no escape": b"/100%",
    "a slash in too many bytes": b"/a%c0%afb",
    "half a letter": b"/caf%c3",
    "a letter in two parts": b"/cafe%cc%81",
    "bytes that are no ASCII": "/café".encode(),
    "a space": b"/a b",
}


@pytest.mark.parametrize("uri", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_path_that_can_be_read_in_two_ways_is_refused(uri):
    with pytest.raises(MalformedRequestError) as found:
        parsed(uri)
    assert found.value.code == "ambiguous_target"


@pytest.mark.parametrize(
    ("host", "name"),
    [("Portal.Example.COM", "portal.example.com"), ("a:8443", "a"), ("127.0.0.1:80", "127.0.0.1"), ("x-1.y", "x-1.y")],
)
def test_a_host_has_one_form(host, name):
    assert parsed(host=host).host == name


@pytest.mark.parametrize(
    "host",
    ["", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a,b", "a/b", "a@b", "[::1]", "a:", "a:x", "a_b", "ä", "a" * 254],
)
def test_a_host_that_is_no_name_is_refused(host):
    with pytest.raises(MalformedRequestError, match="host"):
        parsed(host=host)


@given(uri=st.binary(max_size=40) | st.text("/.%2eEfF5cC;a\\?#0", max_size=16).map(str.encode))
def test_any_bytes_are_one_path_or_refused(uri):
    try:
        path = parsed(uri).path
    except MalformedRequestError:
        return
    assert path.isascii()
    assert parsed(path.encode()).path == path  # it is what it says
    assert not {"", ".", ".."} & set(unquote(path).split("/")[1:-1])
    assert not set(unquote(path)) & set("\\;%#?\0\r\n")
