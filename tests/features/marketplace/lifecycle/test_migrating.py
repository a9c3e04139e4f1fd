"""A compatible minor update goes to installs that are pinned to a major, and never one that asks for more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.lifecycle.migrating import Offered, migrates

ASKS = frozenset({"read_files", "host:api.example.org"})


def offered(version, *more):
    return Offered(version=version, asks=ASKS | set(more))


@pytest.mark.parametrize(
    ("old", "new", "pinned", "goes"),
    [
        ("1.2.0", "1.3.0", "1", True),
        ("1.2.0", "1.2.1", "1", True),
        ("1.2.0-rc.1", "1.2.0", "1", True),
        ("1.2.0", "1.2.0", "1", False),
        ("1.2.0", "1.1.9", "1", False),
        ("1.2.0", "2.0.0", "1", False),
        ("1.2.0", "1.3.0", "2", False),
        ("1.2.0", "1.3.0", "1.2.0", False),
        ("1.2.0", "1.3.0-rc.1", "1", False),
        ("0.2.0", "0.2.1", "0", True),
        ("0.2.0", "0.3.0", "0", False),
        ("1.2.0", "1.3", "1", False),
        ("1.2", "1.3.0", "1", False),
    ],
)
def test_versions_say_whether_an_install_goes_on(old, new, pinned, goes):
    assert migrates(offered(old), offered(new), pinned) is goes


def test_no_install_goes_on_to_what_asks_for_more():
    assert not migrates(offered("1.2.0"), offered("1.3.0", "host:evil.example"), "1")
    assert migrates(offered("1.2.0", "send_mail"), offered("1.3.0"), "1")


def test_no_install_goes_on_to_what_breaks_it_whatever_its_version_says():
    assert not migrates(offered("1.2.0"), offered("1.3.0"), "1", ["the input `invoice` is required now"])


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=5), st.sets(st.sampled_from("abc")))
def test_any_text_is_answered_and_more_is_never_given(old, new, pinned, asks):
    assert not migrates(
        Offered(version=old, asks=frozenset()), Offered(version=new, asks=frozenset({"x"} | asks)), pinned
    )
