"""The settings: what an operator may write, and what is refused before anything starts."""

from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.addresses import loopback_url
from app.regions import Region
from app.settings import Settings, SettingsError, Witness
from evidence.cosignature import WitnessKey
from evidence.store import Level
from tests.pdp.evaluating import ROOT

NUMBERS = {
    "OMEGA_PORT": ("port", 0, 65_535, 1),
    "OMEGA_WORKERS": ("workers", 1, 256, 1),
    "OMEGA_EVALUATORS": ("evaluators", 1, 64, 1),
    "OMEGA_DEADLINE_MS": ("deadline", 1, 60_000, 1 / 1_000),
    "OMEGA_EVALUATOR_MEMORY_MIB": ("memory", 32, 65_536, 1 << 20),
    "OMEGA_IN_FLIGHT": ("in_flight", 1, 65_536, 1),
    "OMEGA_SEAL_AGE_MS": ("seal_age", 10, 3_600_000, 1 / 1_000),
    "OMEGA_SPOOL_MIB": ("spool", 1, 1 << 20, 1 << 20),
    "OMEGA_SPOOL_MINUTES": ("spool_age", 1, 10_080, 60),
    "OMEGA_DISK_FREE_MIB": ("disk_free", 0, 1 << 20, 1 << 20),
    "OMEGA_SYNC_DEADLINE_MS": ("sync_deadline", 10, 600_000, 1 / 1_000),
    "OMEGA_LOCKED_DEADLINE_MS": ("locked_deadline", 10, 600_000, 1 / 1_000),
    "OMEGA_HEARTBEAT_S": ("heartbeat", 1, 86_400, 1),
    "OMEGA_INLINE_BYTES": ("inline", 0, 24_576, 1),
    "OMEGA_CHECKPOINT_MS": ("checkpoint", 10, 3_600_000, 1 / 1_000),
    "OMEGA_ANCHOR_S": ("anchor", 1, 86_400, 1),
    "OMEGA_WITNESS_PORT": ("witness_port", 0, 65_535, 1),
    "OMEGA_INDEX_DAYS": ("index_days", 1, 36_500, 1),
    "OMEGA_DRAIN_S": ("drain", 0, 300, 1),
    "OMEGA_PORTAL_PORT": ("portal.port", 0, 65_535, 1),
}
TEXTS = ["OMEGA_RETENTION", "OMEGA_REQUIRE", "OMEGA_STORE_IMMUTABLE", "OMEGA_HOST", "OMEGA_STORE", "OMEGA_DATABASE"]
TEXTS += ["OMEGA_POLICY_REPOSITORY", "OMEGA_POLICY_BRANCH", "OMEGA_BUNDLE_STORE"]
TEXTS += ["OMEGA_PORTAL_URL", "OMEGA_PORTAL_HOST", "OMEGA_PORTAL_DATABASE", "OMEGA_DECISION_URL"]
TEXTS += ["OMEGA_PUBLIC_URL", "OMEGA_IDP_ISSUERS", "OMEGA_IDP_AUDIENCE", "OMEGA_TRUSTED_PROXIES"]


def read(**environment):
    return Settings.from_environment(environment)


def test_nothing_need_be_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = read()
    assert settings.data == tmp_path / "var"
    assert settings.store == str(tmp_path / "var" / "store")
    assert settings.policies == ROOT / "policies"
    assert (settings.host, settings.port, settings.workers, settings.evaluators) == ("127.0.0.1", 8_420, 1, 2)
    assert (settings.deadline, settings.memory) == (0.25, 256 << 20)
    assert (settings.seal_age, settings.heartbeat, settings.checkpoint) == (2.0, 600.0, 10.0)
    assert (settings.spool, settings.spool_age, settings.disk_free) == (1 << 30, 900.0, 64 << 20)
    assert (settings.sync_deadline, settings.locked_deadline) == (5.0, 10.0)
    days = {"std7y": 2_555, "hipaa6y": 2_192, "aiact1y": 366}
    assert settings.retention == {name: timedelta(days=number) for name, number in days.items()}
    assert settings.origin == "omega.localhost/log"
    assert (settings.tsa, settings.tsa_roots, settings.witnesses, settings.anchor) == (None, None, (), 600.0)
    assert not settings.anchored
    assert (settings.witness_host, settings.witness_port) == ("127.0.0.1", 8_421)
    assert settings.witness_name == "omega.localhost/witness"
    assert settings.objects == str(tmp_path / "var" / "objects")
    assert settings.inline == 16_384
    assert (settings.policy_repository, settings.policy_branch) == (None, "main")
    assert settings.bundle_store == str(tmp_path / "var" / "published")
    assert settings.policy_mirror == tmp_path / "var" / "policies.git"
    assert settings.git_environment == {}
    assert settings.payloads == {"request": timedelta(days=2_555), "export": timedelta(days=7)}
    assert (settings.drain, settings.log_form, settings.metrics_for) == (5.0, "text", "loopback")
    assert not settings.otlp_metrics
    assert not settings.otlp_traces


def test_who_may_say_who_calls(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    nobody = read()
    assert (nobody.public_url, nobody.idp_audience, nobody.idp_issuers, nobody.trusted_proxies) == (None, "", {}, ())
    at = {
        "OMEGA_PUBLIC_URL": "https://omega.example.org",
        "OMEGA_IDP_ISSUERS": "https://a.example=https://a.example/keys",
    }
    assert read(**at).idp_audience == "https://omega.example.org"
    settings = read(
        OMEGA_PUBLIC_URL="https://omega.example.org",
        OMEGA_IDP_ISSUERS="https://a.example=https://a.example/keys  https://b.example/x=keys.json http://[::1]:80/y",
        OMEGA_IDP_AUDIENCE="omega",
        OMEGA_TRUSTED_PROXIES="10.0.0.7 fd00::/8",
    )
    assert (settings.public_url, settings.idp_audience) == ("https://omega.example.org", "omega")
    places = {
        "https://a.example": "https://a.example/keys",
        "https://b.example/x": tmp_path / "keys.json",
        "http://[::1]:80/y": None,
    }
    assert settings.idp_issuers == places
    assert settings.trusted_proxies == (ip_network("10.0.0.7/32"), ip_network("fd00::/8"))
    assert settings.assertions == tmp_path / "var" / "assertions.db"
    monkeypatch.chdir("/")
    assert Settings.from_environment({"OMEGA_IDP_AUDIENCE": "omega", **settings.places}).idp_issuers == places


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OMEGA_PUBLIC_URL", "omega.example.org"),
        ("OMEGA_PUBLIC_URL", "http://omega.example.org"),
        ("OMEGA_PUBLIC_URL", "http://10.0.0.7"),
        ("OMEGA_PUBLIC_URL", "https://omega.example.org/"),
        ("OMEGA_PUBLIC_URL", "https://omega.example.org?a=b"),
        ("OMEGA_PUBLIC_URL", "https://user@omega.example.org"),
        ("OMEGA_IDP_ISSUERS", "http://a.example"),
        ("OMEGA_IDP_ISSUERS", "https://a.example?x"),
        ("OMEGA_IDP_ISSUERS", "https://a.example https://a.example"),
        ("OMEGA_IDP_ISSUERS", "https://a.example="),
        ("OMEGA_IDP_ISSUERS", "a=keys.json"),
        ("OMEGA_IDP_ISSUERS", "https://a.example=http://a.example/keys"),
        ("OMEGA_IDP_ISSUERS", "https://a.example=https://a.example/keys?x"),
        ("OMEGA_IDP_ISSUERS", "https://a.example=ftp://a.example/keys"),
        ("OMEGA_IDP_ISSUERS", "https://a.example=a https://a.example=b"),
        ("OMEGA_IDP_AUDIENCE", "two words"),
        ("OMEGA_TRUSTED_PROXIES", "proxy.example"),
        ("OMEGA_TRUSTED_PROXIES", "10.0.0.7/8"),
        ("OMEGA_TRUSTED_PROXIES", "10.0.0.7,10.0.0.8"),
    ],
)
def test_who_is_not_to_say_who_calls(name, text):
    with pytest.raises(SettingsError, match=f"^{name} cannot be "):
        read(**{name: text})


def test_tokens_of_others_are_for_somebody():
    with pytest.raises(SettingsError, match=r"OMEGA_IDP_AUDIENCE cannot be .*say for whom"):
        read(OMEGA_IDP_ISSUERS="https://a.example=https://a.example/keys")


def test_a_file_of_keys_has_no_space_in_its_path(monkeypatch, tmp_path):
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    with pytest.raises(SettingsError, match=r"OMEGA_IDP_ISSUERS .*no space"):
        read(OMEGA_IDP_ISSUERS="https://a.example=keys.json")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8420"])
def test_on_this_machine_no_tls_is_needed(url):
    assert read(OMEGA_PUBLIC_URL=url).public_url == url
    assert read(OMEGA_IDP_AUDIENCE="omega", OMEGA_IDP_ISSUERS=f"https://a.example={url}/keys").idp_issuers


def test_what_listens_on_loopback_has_a_url():
    assert loopback_url("127.0.0.1", 8420) == "http://127.0.0.1:8420"
    assert loopback_url("::1", 8420) == "http://[::1]:8420"
    assert loopback_url("0.0.0.0", 8420) is None  # noqa: S104 - every address


@pytest.mark.parametrize(
    ("store", "objects"),
    [("/srv/a", "/srv/a"), ("/srv/a", "/srv/a/b"), ("/srv/a/b", "/srv/a"), ("s3://a/log", "s3://a/log/x")],
)
def test_objects_stand_apart_from_the_log(store, objects):
    with pytest.raises(SettingsError, match=r"OMEGA_OBJECTS .* apart from OMEGA_STORE"):
        read(OMEGA_STORE=store, OMEGA_OBJECTS=objects)
    assert read(OMEGA_STORE="s3://a/log", OMEGA_OBJECTS="s3://a/logs").objects == "s3://a/logs"


def test_everything_of_a_node_lies_in_its_data_directory():
    settings = read(OMEGA_DATA="/srv/omega")
    assert settings.keys == Path("/srv/omega/keys")
    assert settings.journals == Path("/srv/omega/journal")
    assert settings.bundles == Path("/srv/omega/bundles")
    assert settings.key_store == "sqlite:////srv/omega/subject_keys.db"
    assert settings.index == "sqlite:////srv/omega/index.db"
    assert settings.store == "/srv/omega/store"
    assert settings.witness == Path("/srv/omega/witness")


def test_a_process_that_starts_elsewhere_finds_the_same_places(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = read(
        OMEGA_DATA="data",
        OMEGA_STORE="store",
        OMEGA_POLICIES="rules",
        OMEGA_TSA_ROOTS="roots.pem",
        OMEGA_TENANTS="t.json",
    )
    monkeypatch.chdir("/")
    again = Settings.from_environment(settings.places)
    assert (again.data, again.store, again.policies) == (settings.data, settings.store, settings.policies)
    assert again.tsa_roots == settings.tsa_roots == tmp_path / "roots.pem"
    assert again.tenants == settings.tenants == tmp_path / "t.json"
    assert (settings.data, settings.store) == (tmp_path / "data", str(tmp_path / "store"))


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "file:///srv/log", "ftp://example.org"])
def test_what_is_no_path_is_left_as_it_is(url):
    assert read(OMEGA_STORE=url).store == url


@pytest.mark.parametrize(
    ("name", "field", "words"),
    [("OMEGA_LOG", "log_form", ["text", "json"]), ("OMEGA_METRICS", "metrics_for", ["off", "loopback", "token"])],
)
def test_a_word_is_one_of_few(name, field, words):
    assert [getattr(read(**{name: word}), field) for word in words] == words
    with pytest.raises(SettingsError, match=f"{name} cannot be `ON`: it is one of {', '.join(words)}"):
        read(**{name: "ON"})


@pytest.mark.parametrize(
    ("environment", "metrics", "traces"),
    [
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, True, True, id="one place for all"),
        pytest.param({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, False, True, id="a place for traces"),
        pytest.param({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a"}, True, False, id="a place for metrics"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, True, False, id="no traces"
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "True"}, False, False, id="disabled"
        ),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, False, False, id="no place"),
    ],
)
def test_the_variables_of_opentelemetry_say_what_is_exported(environment, metrics, traces):
    settings = read(**environment)
    assert (settings.otlp_metrics, settings.otlp_traces) == (metrics, traces)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_read_in_its_unit(name):
    field, least, most, unit = NUMBERS[name]
    assert attrgetter(field)(read(**{name: str(least)})) == pytest.approx(least * unit)
    assert attrgetter(field)(read(**{name: str(most)})) == pytest.approx(most * unit)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["", " 1", "-1", "1.5", "0x10", "٣", "1e3", "many", "9" * 5_000])
def test_what_is_no_number_in_range_is_refused_by_name(name, text):
    with pytest.raises(SettingsError, match=f"^{name} cannot be "):
        read(**{name: text})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_range_is_refused(name):
    _, least, most, _ = NUMBERS[name]
    for number in (least - 1, most + 1):
        with pytest.raises(SettingsError, match=f"whole number from {least} to {most}"):
            read(**{name: str(number)})


@pytest.mark.parametrize("name", ["OMEGA_HOST", "OMEGA_DATA", "OMEGA_POLICIES", "OMEGA_STORE"])
def test_nothing_is_no_place(name):
    with pytest.raises(SettingsError, match=f"^{name} cannot be "):
        read(**{name: ""})


def test_the_flag_is_asked_for_by_word():
    assert read().store_immutable is False
    assert read(OMEGA_STORE_IMMUTABLE="no").store_immutable is False
    assert read(OMEGA_STORE_IMMUTABLE="yes").store_immutable is True
    for text in ("", "1", "Yes", "true"):
        with pytest.raises(SettingsError, match=r"OMEGA_STORE_IMMUTABLE cannot be .*yes or no"):
            read(OMEGA_STORE_IMMUTABLE=text)


def test_a_level_may_be_required():
    assert read().require is read(OMEGA_REQUIRE="").require is None
    assert [read(OMEGA_REQUIRE=level).require for level in ("L0", "L1", "L1i", "L2", "L3")] == list(Level)
    for text in ("L4", "l3", "L1I", "3"):
        with pytest.raises(SettingsError, match=r"OMEGA_REQUIRE cannot be .*one of L0, L1, L1i, L2, L3"):
            read(OMEGA_REQUIRE=text)


def test_classes_keep_their_order():
    settings = read(OMEGA_RETENTION="sec1y=365,7=1,std7y=36500")
    assert next(iter(settings.retention)) == "sec1y"
    assert settings.retention == {
        "sec1y": timedelta(days=365),
        "7": timedelta(days=1),
        "std7y": timedelta(days=36_500),
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="none"),
        pytest.param("std7y", id="no days"),
        pytest.param("std7y=", id="empty days"),
        pytest.param("=1", id="no name"),
        pytest.param("std7y=0", id="no day"),
        pytest.param("std7y=36501", id="more than a century"),
        pytest.param("std7y=1,std7y=2", id="one class twice"),
        pytest.param("Std=1", id="a capital"),
        pytest.param("é=1", id="another alphabet"),
        pytest.param("a=²", id="a digit that is none"),
        pytest.param("abcdefghijklmnopq=1", id="a name longer than a record takes"),
        pytest.param("a=1,", id="a comma too many"),
        pytest.param("a=1 ,b=2", id="a space"),
    ],
)
def test_retention_of_another_form_is_refused(text):
    with pytest.raises(SettingsError, match="OMEGA_RETENTION"):
        read(OMEGA_RETENTION=text)


@pytest.mark.parametrize("url", ["postgresql://user:secret@host/name", "postgresql+psycopg:///name?host=/run"])
def test_a_database_takes_keys_and_index(url):
    settings = read(OMEGA_DATABASE=url)
    assert (settings.key_store, settings.index) == (url, url)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    ["", "secret", "sqlite:///secret.db", "mysql://user:secret@host/name", "postgresql://", "postgresql://secret host"],
)
def test_what_is_no_url_of_postgresql_is_refused_and_not_quoted(url):
    with pytest.raises(SettingsError, match=r"^OMEGA_DATABASE cannot be used") as caught:
        read(OMEGA_DATABASE=url)
    assert "secret" not in str(caught.value)


@given(
    name=st.sampled_from([*NUMBERS, *TEXTS]),
    text=st.text(),
)
def test_no_text_raises_another_error(name, text):
    with suppress(SettingsError):
        read(**{name: text})


FIRST = WitnessKey(name="w.example/a=b,c", public_key=bytes(32))
SECOND = WitnessKey(name="w.example/2", public_key=b"\x01" * 32)


def test_anchors_are_read():
    settings = read(
        OMEGA_TSA_URL="https://tsa.example/tsr?key=1",
        OMEGA_WITNESSES=f" {FIRST}=http://127.0.0.1:8421\n{SECOND}=https://w.example/prefix?a=b ",
    )
    assert settings.tsa == "https://tsa.example/tsr?key=1"
    assert settings.witnesses == (
        Witness(key=FIRST, url="http://127.0.0.1:8421"),
        Witness(key=SECOND, url="https://w.example/prefix?a=b"),
    )
    assert settings.anchored
    assert read(OMEGA_TSA_URL="http://tsa.example").anchored
    assert read(OMEGA_WITNESSES=f"{FIRST}=http://w.example").anchored


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OMEGA_TSA_URL", "tsa.example"),
        ("OMEGA_TSA_URL", "file:///etc/passwd"),
        ("OMEGA_WITNESSES", str(FIRST)),
        ("OMEGA_WITNESSES", "http://w.example"),
        ("OMEGA_WITNESSES", f"{FIRST}=w.example"),
        ("OMEGA_WITNESSES", f"{FIRST} = http://w.example"),
        ("OMEGA_WITNESSES", f"{FIRST}=http://w.example x"),
        ("OMEGA_WITNESSES", f"{str(FIRST)[:-4]}BBBB=http://w.example"),
        ("OMEGA_WITNESSES", f"{FIRST}=http://w.example {FIRST}=http://v.example"),
    ],
)
def test_anchors_that_cannot_be(name, text):
    with pytest.raises(SettingsError, match=f"^{name} cannot be "):
        read(**{name: text})


@given(st.text(max_size=80))
def test_no_witness_raises_another_error(text):
    with suppress(SettingsError):
        read(OMEGA_WITNESSES=text)


@pytest.mark.parametrize(
    "url",
    [
        "https://pdp.example.org",
        "https://pdp.example.org:8443",
        "http://127.0.0.1:8420",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_a_public_url(url):
    assert Settings.from_environment({"OMEGA_PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "pdp.example.org",
        "http://pdp.example.org",
        "https://pdp.example.org/",
        "https://pdp.example.org/pdp",
        "https://u@pdp",
        "https://pdp?x",
        "https://pdp#x",
        "ftp://pdp",
        "https://",
        "http://192.0.2.1",
    ],
)
def test_no_public_url(url):
    with pytest.raises(SettingsError, match="OMEGA_PUBLIC_URL"):
        Settings.from_environment({"OMEGA_PUBLIC_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/acme/policies.git",
        "https://git.example.org:8443/policies",
        "ssh://git@git.example.org/acme/policies.git",
        "git@git.example.org:acme/policies.git",
        "/srv/policies.git",
        "file:///srv/policies.git",
    ],
)
def test_where_policies_can_come_from(url):
    assert read(OMEGA_POLICY_REPOSITORY=url).policy_repository == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://git.example.org/p.git", id="unprotected"),
        pytest.param("https://user:secret@git.example.org/p.git", id="with a password"),
        pytest.param("ext::sh -c true", id="a helper"),
        pytest.param("--upload-pack=x", id="an option"),
        pytest.param("git@-oProxyCommand=x:p", id="an option as a host"),
        pytest.param("policies.git", id="a relative path"),
        pytest.param("git://git.example.org/p.git", id="another protocol"),
    ],
)
def test_where_policies_cannot_come_from(url):
    with pytest.raises(SettingsError, match="OMEGA_POLICY_REPOSITORY"):
        read(OMEGA_POLICY_REPOSITORY=url)


@pytest.mark.parametrize("kek", ["files", "awskms://eu-central-1", "awskms://us-gov-west-1", "awskms://cn-north-1"])
def test_who_can_keep_the_key_encryption_key(kek):
    assert read(OMEGA_KEK=kek).kek == kek


@pytest.mark.parametrize(
    "kek",
    ["", "file", "awskms://", "awskms:eu-central-1", "awskms://eu-central-1/key", "awskms://EU-CENTRAL-1", "kms://x"],
)
def test_who_cannot_keep_the_key_encryption_key(kek):
    with pytest.raises(SettingsError, match="OMEGA_KEK"):
        read(OMEGA_KEK=kek)


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "x.lock", "/x", "x/"])
def test_what_is_no_branch(branch):
    with pytest.raises(SettingsError, match="OMEGA_POLICY_BRANCH"):
        read(OMEGA_POLICY_BRANCH=branch)


def test_git_finds_of_our_environment_how_to_reach_a_remote():
    settings = read(PATH="/bin", GIT_DIR="x", SSH_AUTH_SOCK="y")
    assert settings.git_environment == {"PATH": "/bin", "SSH_AUTH_SOCK": "y"}


def test_a_portal_is_served_where_it_has_a_url(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    portal = read().portal
    assert (portal.url, portal.host, portal.port) == (None, "127.0.0.1", 8_430)
    assert (portal.database, portal.decision_url, portal.token) == (None, None, None)
    assert read().audits == f"sqlite:///{tmp_path}/var/portal.db"
    settings = read(
        OMEGA_PORTAL_URL="https://audit.example.org",
        OMEGA_DATABASE="postgresql://omega@db/omega",
        OMEGA_PORTAL_DATABASE="postgresql://omega_portal:secret@db/omega",
        OMEGA_DECISION_URL="https://pdp.example.org",
        OMEGA_PORTAL_TOKEN_FILE="token",  # noqa: S106 - where one is
    )
    assert settings.audits == "postgresql://omega@db/omega"
    assert settings.portal.token == tmp_path / "token"
    assert "secret" not in repr(settings)
    monkeypatch.chdir("/")
    assert Settings.from_environment(settings.places).portal.token == tmp_path / "token"


@pytest.mark.parametrize("name", ["OMEGA_PORTAL_URL", "OMEGA_DECISION_URL"])
@pytest.mark.parametrize("url", ["http://audit.example.org", "https://audit.example.org/portal", "audit.example.org"])
def test_what_crosses_the_wire_is_protected(name, url):
    with pytest.raises(SettingsError, match=f"{name} cannot be"):
        read(**{name: url})


def test_an_unusable_url_of_the_portals_database_is_not_quoted():
    with pytest.raises(SettingsError, match="OMEGA_PORTAL_DATABASE cannot be used") as refused:
        read(OMEGA_PORTAL_DATABASE="mysql://omega:hunter2@db/omega")
    assert "hunter2" not in str(refused.value)


REGIONAL = "EU=s3://eu-objects,US=/us"


def test_a_node_takes_the_objects_of_its_region():
    read = Settings.from_environment({"OMEGA_REGION": "EU", "OMEGA_REGION_OBJECTS": REGIONAL})
    assert (read.region, read.objects) == (Region.EU, "s3://eu-objects")
    own = Settings.from_environment({"OMEGA_REGION": "EU", "OMEGA_REGION_OBJECTS": REGIONAL, "OMEGA_OBJECTS": "/o"})
    assert own.objects == "/o"
    assert Settings.from_environment({}).region is None


@pytest.mark.parametrize(
    ("region", "places"),
    [
        pytest.param("MOON", "", id="no such region"),
        pytest.param("UK", REGIONAL, id="no place for this one"),
        pytest.param("", REGIONAL, id="a node without a region"),
        pytest.param("EU", "EU=/a,EU=/b", id="a region twice"),
        pytest.param("EU", "MOON=/a", id="a place for no region"),
        pytest.param("EU", "EU=", id="no place"),
    ],
)
def test_places_of_regions_that_cannot_be(region, places):
    with pytest.raises(SettingsError, match="OMEGA_REGION"):
        Settings.from_environment({"OMEGA_REGION": region, "OMEGA_REGION_OBJECTS": places})
