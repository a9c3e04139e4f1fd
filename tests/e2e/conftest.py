"""What the tests of the whole service share."""

import sys

import pytest

from tests.e2e.service import Service


@pytest.fixture
def serving(tmp_path):
    """Return a way to make services; all of them end with the test, however it ends."""
    made = []

    def serve(name="node", **settings):
        service = Service(tmp_path / name, **settings)
        made.append(service)
        return service.start()

    yield serve
    for service in made:
        service.__exit__()


@pytest.fixture
def say(capsys):
    """Return a way to print a figure that shows without `-s`."""

    def line(text):
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}")

    return line
