"""The functions that the engine lacks, by published vectors, and what they refuse."""

import pytest

from app.pdp.builtins import ADDED
from app.pdp.extensions import EXTENSIONS
from tests.pdp.calling import call, called

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
NIST_448 = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

DIGESTS = {
    "RFC 1321, A.5, nothing": ("crypto.md5", "", "d41d8cd98f00b204e9800998ecf8427e"),
    "RFC 1321, A.5, abc": ("crypto.md5", "abc", "900150983cd24fb0d6963f7d28e17f72"),
    "RFC 1321, A.5, the alphabet": ("crypto.md5", ALPHABET, "c3fcd3d76192e4007dfb496cca67e13b"),
    "FIPS 180, SHA-1, abc": ("crypto.sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    "FIPS 180, SHA-1, 448 bits": ("crypto.sha1", NIST_448, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    "FIPS 180, SHA-256, nothing": (
        "crypto.sha256",
        "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    "FIPS 180, SHA-256, abc": (
        "crypto.sha256",
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ),
    "FIPS 180, SHA-256, 448 bits": (
        "crypto.sha256",
        NIST_448,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    "text is UTF-8": ("crypto.sha1", "é", "bf15be717ac1b080b4f1c456692825891ff5073d"),
}


@pytest.mark.parametrize(("name", "text", "digest"), DIGESTS.values(), ids=DIGESTS)
def test_digests(name, text, digest):
    assert called(name, text) == digest


JEFE = ("what do ya want for nothing?", "Jefe")
HMACS = {
    "RFC 2202, MD5, case 1": ("md5", "Hi There", "\x0b" * 16, "9294727a3638bb1c13f48ef8158bfc9d"),
    "RFC 2202, MD5, case 2": ("md5", *JEFE, "750c783e6ab0b503eaa86e310a5db738"),
    "RFC 2202, SHA-1, case 1": ("sha1", "Hi There", "\x0b" * 20, "b617318655057264e28bc0b6fb378c8ef146be00"),
    "RFC 2202, SHA-1, case 2": ("sha1", *JEFE, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    "RFC 4231, SHA-256, case 1": (
        "sha256",
        "Hi There",
        "\x0b" * 20,
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "RFC 4231, SHA-256, case 2": (
        "sha256",
        *JEFE,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "RFC 4231, SHA-512, case 1": (
        "sha512",
        "Hi There",
        "\x0b" * 20,
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    ),
    "RFC 4231, SHA-512, case 2": (
        "sha512",
        *JEFE,
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ),
}


@pytest.mark.parametrize(("name", "text", "key", "code"), HMACS.values(), ids=HMACS)
def test_authentication_codes(name, text, key, code):
    assert called(f"crypto.hmac.{name}", text, key) == code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("ab", "ab", True, id="the same"),
        pytest.param("ab", "aB", False, id="another case"),
        pytest.param("ab", "abc", False, id="another length"),
        pytest.param("é", "é", True, id="the same beyond ASCII"),
        pytest.param("", "", True, id="nothing"),
    ],
)
def test_codes_are_compared(one, other, same):
    assert called("crypto.hmac.equal", one, other) is same


INTERSECTING = {
    "one in the other": ("10.0.0.0/8", "10.1.0.0/16", True),
    "the other in the one": ("10.1.0.0/16", "10.0.0.0/8", True),
    "side by side": ("10.0.0.0/25", "10.0.0.128/25", False),
    "the same": ("192.0.2.0/24", "192.0.2.0/24", True),
    "an address inside its network": ("192.0.2.77/24", "192.0.2.0/30", True),
    "one address": ("192.0.2.1/32", "192.0.2.1/32", True),
    "everything": ("0.0.0.0/0", "203.0.113.0/24", True),
    "IPv6": ("2001:db8::/32", "2001:db8:1::/48", True),
    "IPv6 elsewhere": ("2001:db8::/32", "2001:db9::/32", False),
    "IPv4 and IPv6": ("10.0.0.0/8", "::/0", False),
    "IPv4 written as IPv6": ("::ffff:10.0.0.0/104", "10.1.0.0/16", True),
}


@pytest.mark.parametrize(("one", "other", "meets"), INTERSECTING.values(), ids=INTERSECTING)
def test_networks_that_meet(one, other, meets):
    assert called("net.cidr_intersects", one, other) is meets


MERGED = {
    "nothing": ([], []),
    "two halves": (["10.0.0.0/25", "10.0.0.128/25"], ["10.0.0.0/24"]),
    "neighbours that are no halves": (["10.0.1.0/24", "10.0.2.0/24"], ["10.0.1.0/24", "10.0.2.0/24"]),
    "one in the other": (["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"]),
    "the same twice": (["10.0.0.5/8", "10.0.0.9/8"], ["10.0.0.0/8"]),
    "everything": (["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]),
    "IPv6": (["::/128", "::1/128"], ["::/127"]),
    "IPv4 written as IPv6": (["::ffff:192.0.2.4/128", "192.0.2.5/32"], ["192.0.2.4/31"]),
    "IPv4 and IPv6 stay apart": (["10.0.0.0/8", "::/8"], ["10.0.0.0/8", "::/8"]),
}


@pytest.mark.parametrize(("networks", "merged"), MERGED.values(), ids=MERGED)
def test_networks_that_are_one(networks, merged):
    assert called("net.cidr_merge", networks) == merged


def test_what_comes_back_is_a_set():
    assert call('is_set(net.cidr_merge({"10.0.0.0/25", "10.0.0.128/25"}))') is True


FLAT = {
    "nothing": ([], []),
    "arrays and what is none": ([1, [2, 3], [], None, {"a": [4]}], [1, 2, 3, None, {"a": [4]}]),
    "one level only": ([[1, [2]], [[3]]], [1, [2], [3]]),
    "true is not one": ([[True, 1], 1.5, "x"], [True, 1, 1.5, "x"]),
}


@pytest.mark.parametrize(("array", "flat"), FLAT.values(), ids=FLAT)
def test_arrays_are_flattened(array, flat):
    value = called("array.flatten", array)
    assert value == flat
    assert [type(each) for each in value] == [type(each) for each in flat]


REFUSED = {
    "a digest of a number": ("crypto.sha256(1)", "wants a string"),
    "a digest of nothing": ("crypto.md5(null)", "wants a string"),
    "a code under a number": ('crypto.hmac.sha256("x", 1)', "wants a string"),
    "a comparison with a number": ('crypto.hmac.equal("x", 1)', "wants a string"),
    "an address": ('net.cidr_intersects("10.0.0.1", "10.0.0.0/8")', "wants a network"),
    "an address to merge": ('net.cidr_merge(["10.0.0.1"])', "wants a network"),
    "a number": ('net.cidr_intersects(1, "10.0.0.0/8")', "wants a string"),
    "a mask": ('net.cidr_merge(["10.0.0.0/255.0.0.0"])', "wants a network"),
    "a zone": ('net.cidr_merge(["fe80::1%eth0/64"])', "wants a network"),
    "leading zeros": ('net.cidr_merge(["010.0.0.0/8"])', "ValueError"),
    "a prefix too long": ('net.cidr_merge(["10.0.0.0/33"])', "ValueError"),
    "a network that is no array": ('net.cidr_merge("10.0.0.0/8")', "wants an array or a set of networks"),
    "an object to flatten": ("array.flatten({})", "wants an array"),
    "a set in an array": ("array.flatten([{1, true}])", "a set does not arrive whole"),
    "a set deep in an array": ('array.flatten([[{"a": [{1}]}]])', "a set does not arrive whole"),
    "an object whose names are numbers": ("array.flatten([{1: 2}])", "wants a string"),
}


@pytest.mark.parametrize(("expression", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(expression, said):
    value = call(expression)
    assert isinstance(value, str)
    assert value.startswith("error: ")
    assert said in value


@pytest.mark.parametrize("name", sorted(ADDED))
def test_a_fact_that_is_missing_makes_a_rule_undefined_and_calls_nothing(name):
    assert call(f"{name}({', '.join(['input.nothing'] * ADDED[name])})", {}) is ...


def test_the_tables_name_the_same_functions():
    assert EXTENSIONS.keys() == ADDED.keys()
