"""A whole log in S3, verified where it lies: by many processes, and with what a copy does not show."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from evidence.errors import FindingError
from evidence.keys import VerifierKey
from evidence.stores import s3
from evidence.stores.s3 import S3Store
from evidence.verify import Asked, Verification
from tests.evidence import logs
from tests.evidence.logs import SIGNER

pytestmark = pytest.mark.slow

KEY = VerifierKey.parse(SIGNER.key_file.decode())
UNTIL = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def raw(s3_server, s3_prefix):
    """The client of somebody who has the rights to do anything, and where the log is."""
    return s3.connect(s3_server.options), s3_server.bucket, s3_prefix


@pytest.fixture
def log(s3_store):
    """A log of 16 segments in S3, and an object of the probe."""
    log = logs.build(chains=2, segments=8, records=2)
    log.objects["probe/canary"] = b"x"
    for key, data in log.objects.items():
        s3_store.put(key, data, retain_until=UNTIL)
    return log


def report_on(store, **asked):
    return Verification(store, KEY, Asked(**asked)).run()


def test_many_processes_verify_it(log, reopen_s3, s3_server, s3_prefix):
    reopen = partial(S3Store, s3_server.bucket, s3_prefix, options=s3_server.options)
    report = report_on(reopen_s3(), jobs=2, reopen=reopen)
    assert (report.checked.segments, report.checked.records) == (16, 32)
    assert log.chains


@pytest.mark.parametrize("kind", ["seals", "segments", "leaves", "checkpoints"])
@pytest.mark.parametrize("shadow", ["a newer version", "a delete marker"])
def test_a_shadowed_object_is_a_finding(log, reopen_s3, raw, kind, shadow):
    key = next(key for key in sorted(log.objects) if f"/{kind}/" in key)
    client, bucket, prefix = raw
    place = {"Bucket": bucket, "Key": f"{prefix}/{key}"}
    if shadow == "a newer version":
        client.put_object(**place, Body=log.objects[key])
    else:
        client.delete_object(**place)
    with pytest.raises(FindingError) as caught:
        report_on(reopen_s3())
    assert (caught.value.code, caught.value.where) == ("shadowed-object", key)


def test_a_shadowed_object_of_the_probe_is_none(log, reopen_s3, raw):
    client, bucket, prefix = raw
    client.delete_object(Bucket=bucket, Key=f"{prefix}/probe/canary")
    assert report_on(reopen_s3()).checked.seals == len([key for key in log.objects if "/seals/" in key])
