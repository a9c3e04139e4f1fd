import pytest

from app.cli import main
from tests.cli.shell import Shell
from tests.node import node_environment, prepared, use


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Return the settings of a prepared node, which the commands see too."""
    use(monkeypatch, node_environment(tmp_path))
    return prepared(tmp_path)


@pytest.fixture
def omega(capsys):
    """Return a way to run the command in this process."""
    return Shell(main, capsys)
