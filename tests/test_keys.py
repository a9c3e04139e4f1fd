import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

from app import keys
from app.keys import KeyFileError, KeysError, ensure, load, load_keks
from evidence.keys import VerifierKey

ROOT = Path(__file__).resolve().parents[1]
ORIGIN = "omega.example/log"
KEK = "kek-000001.key"
SECRET_FILES = [KEK, "log.key", "lookup.key", "token.key"]


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "node" / "keys"
    ensure(path, ORIGIN)
    return path


def everything(directory):
    return load(directory), load_keks(directory)


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_files_of_a_node_are_made_with_their_modes(directory):
    modes = {path.name: oct(path.stat().st_mode & 0o7777) for path in directory.iterdir()}
    assert modes == {**dict.fromkeys(SECRET_FILES, "0o600"), "log.vkey": "0o644"}
    assert directory.stat().st_mode & 0o7777 == 0o700


def test_the_mode_does_not_depend_on_the_umask(tmp_path):
    before = os.umask(0o777)
    try:
        ensure_error = None
        try:
            (tmp_path / "keys").mkdir(mode=0o700)
            (tmp_path / "keys").chmod(0o700)
            ensure(tmp_path / "keys", ORIGIN)
        except KeyFileError as error:
            ensure_error = error
    finally:
        os.umask(before)
    assert ensure_error is None
    assert load(tmp_path / "keys").log.origin == ORIGIN


def test_what_was_made_is_loaded(directory):
    node = load(directory)
    assert node.log.origin == ORIGIN
    kek = load_keks(directory)[1]
    assert len(kek) == len(node.lookup) == 32
    assert kek != node.lookup
    assert node.token.private_bytes_raw() != node.log.private_key.private_bytes_raw()
    node.log.verifier.verify(node.log.sign(b"text"), b"text")


def test_the_auditors_line_is_that_of_the_format(directory):
    node = load(directory)
    line = (directory / "log.vkey").read_text()
    origin, key_id, key = line.removesuffix("\n").split("+", 2)
    assert (origin, len(key_id)) == (ORIGIN, 8)
    assert base64.b64decode(key) == b"\x01" + node.log.private_key.public_key().public_bytes_raw()
    assert VerifierKey.parse(line) == node.log.verifier


def test_a_second_start_changes_nothing(directory):
    before = contents(directory)
    ensure(directory, ORIGIN)
    assert contents(directory) == before


@pytest.mark.parametrize("name", SECRET_FILES)
def test_a_first_start_that_died_half_way_is_finished(directory, name):
    before = contents(directory)
    for lost in (name, "log.vkey"):
        (directory / lost).unlink()
    ensure(directory, ORIGIN)
    after = contents(directory)
    assert after.keys() == before.keys()
    kept = before.keys() - {name, "log.vkey"}
    assert {kept_name: after[kept_name] for kept_name in kept} == {kept_name: before[kept_name] for kept_name in kept}


@pytest.mark.parametrize("name", [name for name in SECRET_FILES if name != KEK])
def test_a_lost_key_is_never_replaced_in_silence(directory, name):
    (directory / name).unlink()
    for start in (lambda: ensure(directory, ORIGIN), lambda: load(directory)):
        with pytest.raises(KeyFileError, match=re.escape(name)):
            start()
    assert not (directory / name).exists()


def test_a_lost_generation_is_not_replaced_either(directory):
    (directory / KEK).unlink()
    ensure(directory, ORIGIN)
    assert load_keks(directory) == {}


def test_the_first_generation_may_be_made_elsewhere(tmp_path):
    made = []
    ensure(tmp_path / "keys", ORIGIN, make_kek=lambda: made.append(sorted(contents(tmp_path / "keys"))))
    assert made == [["log.key", "lookup.key", "token.key"]]
    ensure(tmp_path / "keys", ORIGIN, make_kek=lambda: made.append("again"))
    assert made[1:] == []


def test_where_the_first_generation_cannot_be_made_the_next_start_tries_again(tmp_path):
    def failing():
        raise KeysError("away")

    with pytest.raises(KeysError, match="away"):
        ensure(tmp_path / "keys", ORIGIN, make_kek=failing)
    assert not (tmp_path / "keys" / "log.vkey").exists()
    ensure(tmp_path / "keys", ORIGIN)
    assert load_keks(tmp_path / "keys").keys() == {1}


def test_the_keys_of_another_log_are_refused(directory):
    with pytest.raises(KeyFileError, match=r"omega\.example/log"):
        ensure(directory, "omega.example/other")


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "naïve", "a\n", "x" * 300])
def test_an_origin_that_cannot_name_a_log_makes_no_keys(tmp_path, origin):
    with pytest.raises(KeyFileError, match="cannot name a log"):
        ensure(tmp_path / "keys", origin)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o700])
@pytest.mark.parametrize("name", SECRET_FILES)
def test_a_file_that_others_could_read_is_refused_by_name_and_mode(directory, name, mode):
    (directory / name).chmod(mode)
    with pytest.raises(KeyFileError, match=rf"{re.escape(name)}` has mode {mode:04o}; it must be 0600"):
        everything(directory)


def test_a_secret_that_not_even_we_can_write_is_fine(directory):
    (directory / KEK).chmod(0o400)
    everything(directory)


def test_a_verifier_key_that_others_could_write_is_refused(directory):
    (directory / "log.vkey").chmod(0o664)
    with pytest.raises(KeyFileError, match="mode 0664; it must be 0644"):
        load(directory)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_directory_open_to_others_is_refused(directory, mode):
    directory.chmod(mode)
    for start in (lambda: ensure(directory, ORIGIN), lambda: load(directory)):
        with pytest.raises(KeyFileError, match=f"mode {mode:04o}; it must be 0700"):
            start()


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be read"):
        load(tmp_path / "nowhere")


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot be made"):
        ensure(tmp_path / "file" / "keys", ORIGIN)


def test_a_link_is_not_followed(directory, tmp_path):
    (directory / KEK).rename(tmp_path / KEK)
    (directory / KEK).symlink_to(tmp_path / KEK)
    with pytest.raises(KeyFileError, match="cannot be read"):
        everything(directory)


def test_a_pipe_is_refused_without_waiting_for_its_writer(directory):
    (directory / KEK).unlink()
    os.mkfifo(directory / KEK, 0o600)
    with pytest.raises(KeyFileError, match="small plain file"):
        everything(directory)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("log.key", b"", id="an empty signing key"),
        pytest.param("log.key", b"\xff" * 100, id="a signing key of noise"),
        pytest.param("log.key", b"x" * 5_000, id="a signing key beyond its size"),
        pytest.param("token.key", pem(Ed448PrivateKey.generate()), id="a key of another kind"),
        pytest.param(KEK, b"", id="an empty secret"),
        pytest.param(KEK, base64.b64encode(bytes(16)), id="a short secret"),
        pytest.param(KEK, base64.b64encode(bytes(32))[:-2] + b"B=", id="base64 of another form"),
        pytest.param("lookup.key", b"\xff" * 44, id="a secret of noise"),
        pytest.param("lookup.key", b" " + base64.b64encode(bytes(32)), id="white space before a secret"),
        pytest.param("log.vkey", b"", id="an empty verifier key"),
        pytest.param("log.vkey", b"\xff", id="a verifier key that is no text"),
        pytest.param("log.vkey", b"omega+00000000+AAAA", id="a verifier key of another form"),
    ],
)
def test_a_file_that_holds_something_else_is_refused_by_name(directory, name, content):
    (directory / name).write_bytes(content)
    with pytest.raises(KeyFileError, match=re.escape(name)) as caught:
        everything(directory)
    assert "AAAA" not in str(caught.value)


def test_the_verifier_key_of_another_log_is_refused(directory, tmp_path):
    ensure(tmp_path / "other", ORIGIN)
    (directory / "log.vkey").write_bytes((tmp_path / "other" / "log.vkey").read_bytes())
    with pytest.raises(KeyFileError, match="beside it"):
        load(directory)


def test_no_secret_shows_in_a_repr(directory):
    node = load(directory)
    shown = f"{node!r} {node}"
    for secret in (
        node.lookup,
        node.token.private_bytes_raw(),
        node.log.private_key.private_bytes_raw(),
    ):
        assert secret.hex() not in shown
        assert base64.b64encode(secret).decode() not in shown
        assert repr(secret)[2:-1] not in shown
    assert ORIGIN in shown


def test_a_file_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    directory = tmp_path / "keys"

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fsync", full)
    with pytest.raises(KeyFileError, match="No space left on device"):
        ensure(directory, ORIGIN)
    assert list(directory.iterdir()) == []


def test_whoever_comes_second_keeps_the_key_of_the_first(tmp_path, monkeypatch):
    path = tmp_path / "some.key"
    sync = os.fsync

    def meanwhile(descriptor):
        sync(descriptor)
        if not path.exists():
            path.write_bytes(b"theirs")

    monkeypatch.setattr(keys.os, "fsync", meanwhile)
    keys._make(path, b"ours", mode=0o600)
    assert contents(tmp_path) == {"some.key": b"theirs"}


ENSURE = """
import sys
from pathlib import Path
from app.keys import ensure, load, load_keks

print("ready", flush=True)
sys.stdin.readline()
ensure(Path(sys.argv[1]), "omega.example/log")
node = load(Path(sys.argv[1]))
print(node.log.verifier, load_keks(Path(sys.argv[1]))[1].hex(), node.lookup.hex(), node.token.private_bytes_raw().hex())
"""


@pytest.mark.slow
def test_processes_that_start_at_once_share_their_keys(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE, tmp_path / "keys"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in processes}) == 1
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [
        *SECRET_FILES[:2],
        "log.vkey",
        *SECRET_FILES[2:],
    ]


def test_the_portals_key_is_made_once_and_trusted_like_the_others(tmp_path):
    secret = keys.ensure_portal_key(tmp_path / "keys")
    assert (len(secret), keys.ensure_portal_key(tmp_path / "keys")) == (32, secret)
    (tmp_path / "keys" / "portal.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="0600"):
        keys.ensure_portal_key(tmp_path / "keys")
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match="cannot be made"):
        keys.ensure_portal_key(tmp_path / "file" / "keys")


def test_the_token_key_is_had_without_the_others(directory):
    (directory / "log.key").unlink()
    assert keys.load_token_key(directory).sign(b"")
