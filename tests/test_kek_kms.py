"""The KEK's generations under AWS KMS: made, unwrapped, destroyed; and what becomes of it when KMS says no."""

import json
from base64 import b64encode

import pytest

from app.kek_files import KekFiles
from app.kek_kms import KmsKeks
from app.kek_opening import KekSuccession, check_keks, open_keks
from app.kek_provider import KmsError, KmsRefusedError, KmsUnavailableError
from app.keys import KeyFileError, ensure
from app.settings import Settings
from tests.kms import REGION

ORIGIN = "omega.example/log"


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "keys"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def keks(directory, kms):  # noqa: ARG001 - it is asked
    return KmsKeks(directory, region=REGION, log=ORIGIN)


def named(directory):
    return sorted(path.name for path in directory.iterdir())


# What every provider does


@pytest.fixture(params=["files", "kms", "kms after files"])
def provider(request, directory):
    files = KekFiles(directory)
    if request.param == "files":
        return files
    keks = request.getfixturevalue("keks")
    return keks if request.param == "kms" else KekSuccession(keks, before=files)


def test_a_generation_is_made_once_and_is_the_same_for_whoever_loads_it(provider):
    provider.make(1)
    made = dict(provider.load())
    provider.make(1)
    provider.make(2)
    assert provider.load().keys() == provider.traces() == {1, 2}
    assert len(provider.load()) == 2
    loaded = dict(provider.load())
    assert loaded[1] == made[1] != loaded[2]
    assert {len(key) for key in loaded.values()} == {32}
    with pytest.raises(KeyError):
        provider.load()[3]


def test_what_is_destroyed_is_gone_and_what_is_not_stays(provider, directory):
    provider.make(1)
    provider.make(2)
    kept = provider.load()[2]
    copies = {path.name: path.read_bytes() for path in directory.iterdir() if "000001" in path.name}
    for _ in range(2):
        provider.destroy(1)
        assert dict(provider.load()) == {2: kept}
        assert provider.traces() == {2}
    assert not any("000001" in name for name in named(directory))
    assert len(copies) == 1


def test_half_destroyed_is_not_loaded_still_seen_and_destroyed_again(provider, directory):
    provider.make(1)
    provider.make(2)
    (path,) = (path for path in directory.iterdir() if "000001" in path.name)
    path.rename(directory / f".{path.name}.destroyed")
    assert provider.load().keys() == {2}
    assert provider.traces() == {1, 2}
    provider.destroy(1)
    assert provider.traces() == {2}


def test_two_do_not_rotate_at_once(provider):
    with provider.exclusive(), pytest.raises(KeyFileError, match="under way"), provider.exclusive():
        pass


def test_without_a_directory_each_method_is_one_error(provider, directory):
    directory.rmdir()
    for use in (provider.load, provider.traces, lambda: provider.destroy(1)):
        with pytest.raises(KeyFileError):
            use()


def test_there_are_at_most_999999_generations(provider):
    for use in (provider.make, provider.destroy):
        with pytest.raises(KeyFileError, match="too many"):
            use(1_000_000)


# What KMS does


def test_what_lies_on_the_disk_is_wrapped_and_names_its_key(keks, kms, directory):
    keks.make(1)
    document = json.loads((directory / "kek-000001.kms").read_bytes())
    assert document.keys() == {"v", "key", "wrapped"}
    assert document["key"].startswith(f"arn:aws:kms:{REGION}:")
    assert (directory / "kek-000001.kms").stat().st_mode & 0o777 == 0o600
    secret = keks.load()[1]
    for form in (secret, secret.hex().encode(), b64encode(secret)):
        assert form not in (directory / "kek-000001.kms").read_bytes()
    assert kms.operations() == ["CreateKey", "GenerateDataKeyWithoutPlaintext", "Decrypt"]


def test_each_generation_has_a_key_of_its_own_with_tags_and_is_bound_to_log_and_number(keks, kms):
    keks.make(1)
    keks.make(2)
    made = [question for operation, question in kms.asked if operation == "CreateKey"]
    assert [each["Tags"][1] for each in made] == [
        {"TagKey": "omega:generation", "TagValue": "1"},
        {"TagKey": "omega:generation", "TagValue": "2"},
    ]
    wrapped = [question for operation, question in kms.asked if operation == "GenerateDataKeyWithoutPlaintext"]
    assert len({each["KeyId"] for each in wrapped}) == 2
    assert wrapped[1]["EncryptionContext"] == {"omega:log": ORIGIN, "omega:generation": "2"}


def test_nothing_is_asked_until_a_generation_is_looked_up(keks, kms):
    keks.make(1)
    kms.asked.clear()
    assert 1 in keks.load()
    assert (list(keks.load()), keks.traces(), kms.asked) == ([1], {1}, [])


@pytest.mark.parametrize("change", ["another log", "another generation"])
def test_a_file_that_was_moved_to_another_place_opens_nothing(keks, directory, change):
    keks.make(1)
    if change == "another log":
        keks = KmsKeks(directory, region=REGION, log="omega.example/other")
    else:
        (directory / "kek-000001.kms").rename(directory / "kek-000002.kms")
    (generation,) = keks.load()
    with pytest.raises(KmsRefusedError, match="InvalidCiphertextException"):
        keks.load()[generation]


def test_a_key_of_another_region_is_refused_before_it_is_asked_about(keks, kms, directory):
    keks.make(1)
    kms.asked.clear()
    abroad = KmsKeks(directory, region="us-east-1", log=ORIGIN)
    for use in (lambda: abroad.load()[1], lambda: abroad.destroy(1)):
        with pytest.raises(KmsRefusedError, match="another region"):
            use()
    assert kms.asked == []
    assert keks.traces() == {1}
    keks.destroy(1)


def test_a_copy_of_a_destroyed_generation_opens_nothing(keks, kms, directory):
    keks.make(1)
    copy = (directory / "kek-000001.kms").read_bytes()
    kms.asked.clear()
    keks.destroy(1)
    assert kms.operations() == ["DescribeKey", "ScheduleKeyDeletion"]
    (directory / "kek-000001.kms").write_bytes(copy)
    (directory / "kek-000001.kms").chmod(0o600)
    with pytest.raises(KmsRefusedError, match="KMSInvalidStateException"):
        keks.load()[1]
    keks.destroy(1)  # a copy that was brought back goes again
    assert kms.operations() == ["Decrypt", "DescribeKey"]
    assert named(directory) == []


def test_the_deletion_of_a_key_is_scheduled_with_the_shortest_wait_there_is(keks, kms):
    keks.make(1)
    keks.destroy(1)
    (asked,) = (question for operation, question in kms.asked if operation == "ScheduleKeyDeletion")
    assert asked["PendingWindowInDays"] == 7


def test_a_key_that_kms_has_forgotten_already_is_destroyed(keks, kms, directory):
    keks.make(1)
    (asked,) = (question for operation, question in kms.asked if operation == "GenerateDataKeyWithoutPlaintext")
    kms.gone.add(asked["KeyId"].rpartition("/")[2])
    keks.destroy(1)
    assert named(directory) == []


@pytest.mark.parametrize("operation", ["DescribeKey", "ScheduleKeyDeletion"])
def test_what_kms_does_not_destroy_is_kept_until_it_does(keks, kms, directory, operation):
    keks.make(1)
    kms.failing[operation] = (400, "AccessDeniedException")
    with pytest.raises(KmsRefusedError):
        keks.destroy(1)
    assert keks.traces() == {1}
    assert dict(keks.load()) == {}
    kms.failing.clear()
    keks.destroy(1)
    assert named(directory) == []


def test_a_destruction_that_died_half_way_is_finished(keks, kms, directory):
    keks.make(1)
    whole = (directory / "kek-000001.kms").read_bytes()
    keks.destroy(1)
    kms.asked.clear()
    for name, content in (
        (".kek-000001.kms.destroyed", bytes(len(whole))),
        (".kek-000001.kms.99.abcd", whole[:40]),
    ):
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o600)
    keks.destroy(1)
    assert (named(directory), kms.operations()) == ([], [])


def test_a_draft_that_names_a_key_has_it_destroyed(keks, kms, directory):
    keks.make(1)
    (directory / "kek-000001.kms").rename(directory / ".kek-000001.kms.99.abcd")
    kms.asked.clear()
    keks.destroy(1)
    assert kms.operations() == ["DescribeKey", "ScheduleKeyDeletion"]


KEY = f"arn:aws:kms:{REGION}:123456789012:key/1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"[" * 3_000,
        json.dumps({"v": 2, "key": KEY, "wrapped": ""}).encode(),
        json.dumps({"v": 1, "key": KEY}).encode(),
        json.dumps({"v": 1, "key": KEY, "wrapped": "no base64"}).encode(),
        json.dumps({"v": 1, "key": KEY, "wrapped": 7}).encode(),
        json.dumps({"v": 1, "key": 7, "wrapped": ""}).encode(),
        json.dumps({"v": 1, "key": "alias/some", "wrapped": ""}).encode(),
        json.dumps({"v": 1, "key": KEY.replace("kms", "s3"), "wrapped": ""}).encode(),
        json.dumps({"v": 1, "key": KEY.replace("key/", ""), "wrapped": ""}).encode(),
    ],
)
def test_a_file_that_holds_something_else_is_one_error(keks, kms, directory, content):
    (directory / "kek-000001.kms").write_bytes(content)
    (directory / "kek-000001.kms").chmod(0o600)
    with pytest.raises(KeyFileError, match="no wrapped generation"):
        keks.load()[1]
    if content:
        with pytest.raises(KeyFileError, match="no wrapped generation"):
            keks.destroy(1)
    assert kms.asked == []


# When KMS fails

DOWN = [(500, "KMSInternalException"), (400, "ThrottlingException"), (400, "KeyUnavailableException")]
REFUSED = [(400, "AccessDeniedException"), (400, "DisabledException"), (400, "NotFoundException")]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("app.kek_kms._ATTEMPTS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        *[pytest.param(each, KmsUnavailableError, id=each[1]) for each in DOWN],
        *[pytest.param(each, KmsRefusedError, id=each[1]) for each in REFUSED],
    ],
)
def test_a_failure_is_typed_and_quotes_the_code_alone(keks, kms, answer, error):
    kms.failing["Decrypt"] = kms.failing["CreateKey"] = answer
    with pytest.raises(error) as caught:
        keks.make(1)
    kms.failing.pop("CreateKey")
    keks.make(1)
    with pytest.raises(error) as caught:
        keks.load()[1]
    assert answer[1] in str(caught.value)
    assert "personal" not in str(caught.value)


def test_what_passes_is_tried_again_before_anybody_is_told(keks, kms):
    keks.make(1)
    kms.asked.clear()
    kms.failing["Decrypt"] = (500, "KMSInternalException")
    with pytest.raises(KmsUnavailableError):
        keks.load()[1]
    assert kms.operations() == ["Decrypt"] * 3


@pytest.mark.usefixtures("impatient")
def test_a_service_that_is_not_there_is_one_error(directory, monkeypatch, keks):
    keks.make(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    away = KmsKeks(directory, region=REGION, log=ORIGIN)
    with pytest.raises(KmsUnavailableError, match="cannot be reached: EndpointConnectionError"):
        away.load()[1]


def test_an_answer_without_the_key_is_one_error(keks, monkeypatch):
    keks.make(1)
    monkeypatch.setattr(keks._connected(), "decrypt", lambda **_: {})
    with pytest.raises(KmsError, match="something else"):
        keks.load()[1]


# Which provider a node has


def settings(tmp_path, **more):
    return Settings.from_environment({"OMEGA_DATA": str(tmp_path), "OMEGA_ORIGIN": ORIGIN, **more})


@pytest.mark.usefixtures("kms")
def test_a_node_comes_from_files_to_kms(tmp_path):
    files, moved = settings(tmp_path), settings(tmp_path, OMEGA_KEK=f"awskms://{REGION}")
    ensure(files.keys, ORIGIN)
    first = open_keks(files).load()[1]
    keks = open_keks(moved)
    keks.make(1)
    keks.make(2)
    assert named(moved.keys)[:2] == ["kek-000001.key", "kek-000002.kms"]
    assert keks.load()[1] == first
    assert 3 not in keks.load()
    keks.destroy(1)
    assert keks.traces() == keks.load().keys() == {2}
    check_keks(moved)


def test_a_node_without_a_generation_does_not_start(tmp_path, kms):
    moved = settings(tmp_path, OMEGA_KEK=f"awskms://{REGION}")
    ensure(moved.keys, ORIGIN, make_kek=lambda: open_keks(moved).make(1))
    assert "kek-000001.key" not in named(moved.keys)
    check_keks(moved)
    kms.failing["Decrypt"] = (400, "AccessDeniedException")
    with pytest.raises(KmsRefusedError):
        check_keks(moved)
    (moved.keys / "kek-000001.kms").unlink()
    with pytest.raises(KeyFileError, match=r"no generation .* is here, neither `.*kek-000001\.key`"):
        check_keks(moved)
