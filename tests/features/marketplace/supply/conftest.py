"""Nothing here reaches a network, whatever it verifies."""

import socket

import pytest


class NetworkUsedError(BaseException):
    """Somebody asked for a connection; no `except Exception` hides it."""


def _refuse(*_arguments, **_options):
    raise NetworkUsedError


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    monkeypatch.setattr(socket, "create_connection", _refuse)
    monkeypatch.setattr(socket, "getaddrinfo", _refuse)
