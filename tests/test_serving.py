"""`serve`: what has to be there before the first child starts, and what is said where it cannot be."""

import os
import re
import resource
import socket
from dataclasses import replace

import pytest

from app import activation, statement, supervisor
from app.pdp.errors import BundleError
from app.settings import Settings
from app.supervisor import Plane, ServeError, Supervisor, prepare, serve
from tests.node import listening, node_environment, prepared
from tests.pdp.shop import written


def test_a_second_service_stays_off_and_changes_nothing(tmp_path):
    settings = prepared(tmp_path)
    in_force = activation.active(settings.bundles)
    written(settings.policies, {"data/notes.json": "{}"})
    lock = supervisor.hold(settings.data)
    try:
        with pytest.raises(ServeError, match="another service runs on"):
            serve(settings, print)
    finally:
        os.close(lock)
    assert activation.active(settings.bundles) == in_force


def test_a_port_in_use_is_said(tmp_path):
    with listening() as there:
        port = there.getsockname()[1]
        settings = Settings.from_environment(node_environment(tmp_path) | {"OMEGA_PORT": str(port)})
        with pytest.raises(ServeError, match=f"cannot listen on 127.0.0.1:{port}: .*OMEGA_PORT"):
            serve(settings, print)
    os.close(supervisor.hold(settings.data))  # it let go of the directory


def test_a_data_directory_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "node").write_text("a file")
    with pytest.raises(ServeError, match="set OMEGA_DATA"):
        serve(Settings.from_environment(node_environment(tmp_path)), print)


def test_policies_that_are_not_admitted_are_said(tmp_path):
    settings = Settings.from_environment(node_environment(tmp_path))
    (settings.policies / "rego" / "shop" / "sell.rego").write_text("package shop.sell\n")
    with pytest.raises(BundleError, match=r"^rego/shop/sell\.rego:"):
        serve(settings, print)


def test_a_store_below_what_is_required_is_said(tmp_path):
    settings = Settings.from_environment(node_environment(tmp_path, OMEGA_REQUIRE="L3"))
    with pytest.raises(ServeError, match=r"^the store is of level L1, and L3 is required$"):
        serve(settings, print)


def test_a_class_of_the_policies_that_is_not_kept_is_said(tmp_path):
    settings = Settings.from_environment(node_environment(tmp_path))
    sell = settings.policies / "rego" / "shop" / "sell.rego"
    sell.write_text("# METADATA\n# custom: {retention: forever}\n" + sell.read_text())
    with pytest.raises(ServeError, match="the retention class `forever`: say its days in OMEGA_RETENTION"):
        serve(settings, print)


def lose_a_key(node):
    (node / "keys" / "kek-000001.key").unlink()


def spoil_the_database(node):
    (node / "subject_keys.db").write_bytes(b"x" * 4_096)


def block_the_store(node):
    (node / "store").rename(node / "elsewhere")
    (node / "store").touch()


def block_the_bundle(node):
    (node / "bundles" / "active").unlink()
    (node / "bundles" / "active").mkdir()


def test_a_place_for_objects_that_is_none_is_said(tmp_path):
    with pytest.raises(ServeError, match=r"http://example\.org/` is no place"):
        prepared(tmp_path, OMEGA_OBJECTS="http://example.org/")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        pytest.param(lose_a_key, r"kek-000001\.key", id="a key was lost"),
        pytest.param(spoil_the_database, "database", id="the key store is no database"),
        pytest.param(block_the_store, "store", id="a file stands where the store was"),
        pytest.param(block_the_bundle, "irectory", id="a directory stands where the bundle is named"),
    ],
)
def test_what_cannot_be_prepared_is_said(tmp_path, break_it, message):
    settings = prepared(tmp_path)
    break_it(settings.data)
    with pytest.raises(ServeError, match=message):
        prepare(settings)


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", r"http://127\.0\.0\.1:\d+"), ("::1", r"http://\[::1\]:\d+")], ids=["IPv4", "IPv6"]
)
def test_the_url_is_one(host, url, monkeypatch):
    monkeypatch.setattr(socket.socket, "bind", lambda *_: None)
    monkeypatch.setattr(socket.socket, "getsockname", lambda _: (host, 8_420, 0, 0))
    with supervisor._listen(host, 8_420, "OMEGA_HOST") as there:
        assert there.family == (socket.AF_INET6 if ":" in host else socket.AF_INET)
        assert re.fullmatch(url, supervisor._url(there))


def test_a_node_that_decides_nothing_makes_no_keys(tmp_path):
    settings = Settings.from_environment(node_environment(tmp_path))
    with pytest.raises(ServeError, match=r"log\.vkey` .*: copy it there from a node that decides"):
        serve(settings, print, [Plane.BACKGROUND])
    assert not settings.keys.exists()


def test_a_node_that_runs_jobs_alone_has_what_it_takes_to_record(tmp_path, monkeypatch):
    settings = Settings.from_environment(node_environment(tmp_path))

    async def run_(_, ready):
        ready()
        for name in ("lock", "lock.background"):
            with pytest.raises(ServeError, match="another service runs on"):
                supervisor.hold(settings.data, name)
        return 5

    monkeypatch.setattr(Supervisor, "run", run_)
    assert serve(settings, print, [Plane.BACKGROUND, Plane.JOBS]) == 5
    assert (settings.keys / "log.key").exists()
    assert activation.active(settings.bundles).stem == statement.verify_stated(settings)


def test_a_node_that_decides_nothing_needs_the_store(tmp_path):
    settings = prepared(tmp_path)
    block_the_store(settings.data)
    with pytest.raises(ServeError, match="store"):
        serve(settings, print, [Plane.BACKGROUND])


def test_planes_of_one_directory_may_run_apart_and_none_twice(tmp_path, monkeypatch):
    settings = prepared(tmp_path)

    async def run_(_, ready):
        ready()
        with pytest.raises(ServeError, match="another service runs on"):
            serve(settings, print, [Plane.BACKGROUND])
        os.close(supervisor.hold(settings.data))
        return 5

    monkeypatch.setattr(Supervisor, "run", run_)
    assert serve(settings, print, [Plane.BACKGROUND]) == 5


def test_the_tables_of_the_control_plane_are_made_where_it_runs(tmp_path):
    settings = prepared(tmp_path)
    prepare(settings)
    assert not (settings.data / "product.db").exists()
    prepare(settings, [Plane.CONTROL])
    assert (settings.data / "product.db").exists()


def test_people_are_not_sent_to_a_provider_that_cannot_send_them_back(tmp_path):
    settings = replace(prepared(tmp_path), oidc_issuer="https://id.example.org", host="0.0.0.0")  # noqa: S104
    with pytest.raises(ServeError, match="OMEGA_PUBLIC_URL"):
        prepare(settings, [Plane.CONTROL])


def test_as_many_files_as_may_be_can_be_open():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] // 2, before[1]))
        supervisor.raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_serving_announces_where(tmp_path, monkeypatch):
    settings = Settings.from_environment(node_environment(tmp_path))
    said = []

    async def run_(_, ready):
        ready()
        return 5

    monkeypatch.setattr(Supervisor, "run", run_)
    assert serve(settings, said.append) == 5
    assert said[0].startswith("http://127.0.0.1:")
