"""schemathesis asks the service what its OpenAPI document allows, and what it does not, and finds nothing."""

import re
import subprocess
import sys

import pytest

from app.decision_plane.asgi import described

pytestmark = pytest.mark.slow

EXAMPLES, SEED = 5, 7
ALIKE = "^(delete|head|options|patch)_"
"""Operations with the handler of another method at their path: those are asked in their place."""

CONFIGURATION = """
[auth.openapi.bearer]
bearer = "{bearer}"
[auth.openapi.proxy]
api_key = "Bearer {proxy}"
[generation]
database = "none"
[[operations]] # no schema says which queries are safe: the others are refused
include-path = "/v1/query"
checks.positive_data_acceptance.enabled = false
"""


def test_schemathesis_finds_nothing(serving, tmp_path, say):
    service = serving()
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(bearer=service.token(), proxy=service.token("proxy")))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", configuration, "run", "--no-color"]
    command += ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--phases", "coverage,fuzzing"]
    command += ["--exclude-operation-id-regex", ALIKE, f"{service.url}/openapi.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=110)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    (found,) = re.findall(r"Operations: +(\d+) selected / (\d+) total", done.stdout)
    (generated,) = re.findall(r"(\d+) generated, \1 passed", done.stdout)
    say(f"schemathesis: {generated} requests to {found[0]} operations, nothing found")
    paths = {path: methods for path, methods in described()["paths"].items() if path != "/openapi.json"}  # just read
    operations = [each for methods in paths.values() for each in methods.values()]
    alike = [each for each in operations if re.match(ALIKE, each["operationId"])]
    assert (int(found[0]), int(found[1])) == (len(operations) - len(alike), len(operations))
    assert int(generated) > 100
    assert service.log.count("request failed") == 0
    assert service.stop() == 0
