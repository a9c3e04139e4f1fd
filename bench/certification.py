"""The certification scenario of the OpenID AuthZEN Authorization API 1.0 (June 2026), asked of any PDP over HTTP.

    python -m bench.certification --url http://127.0.0.1:8420 --token TOKEN

The PDP holds the fixture of the scenario (section 1): users `alice` and `bob`, records `record-1` and `record-2`, the
actions `read`, `write` and `delete`. The policies for this service are in `tests/certification/`. Each case has the id
of its section. What is asked goes to the default paths, so that a token is sent nowhere else. TLS is asked for as the
scenario does, but on loopback, where nothing could listen in.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.certification_cases import Case, cases
from bench.certification_checks import FailedError, Pdp


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a case ended: `failure` is empty where it passed."""

    case: Case
    failure: str


def certify(pdp: Pdp) -> list[Result]:
    """Ask a PDP every case, one after the other."""
    return [Result(case=case, failure=_failure(case, pdp)) for case in cases()]


def _failure(case: Case, pdp: Pdp) -> str:
    try:
        case.run(pdp)
    except FailedError as error:
        return str(error)
    return ""


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each case, and one for each sub-level."""
    for result in results:
        said = f"FAIL  {result.failure}" if result.failure else "pass"
        yield f"{result.case.level:18}{result.case.id:26}{result.case.title:36}{said}"
    passed = Counter(result.case.level for result in results if not result.failure)
    yield ""
    for level, number in Counter(result.case.level for result in results).items():
        yield f"{level:18}{passed[level]} of {number}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how a PDP does; return 1 where a case failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.certification", description="the AuthZEN 1.0 scenario")
    parser.add_argument("--url", required=True, help="origin of the PDP, such as http://127.0.0.1:8420")
    parser.add_argument("--token", help="bearer token, where the PDP wants one")
    parser.add_argument("--json", action="store_true", help="print id, level and failure of each case")
    options = parser.parse_args(arguments)
    results = certify(Pdp(options.url, options.token))
    if options.json:
        print(json.dumps([{"id": each.case.id, "level": each.case.level, "failure": each.failure} for each in results]))
    else:
        print("\n".join(table(results)))
    return 1 if any(result.failure for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
