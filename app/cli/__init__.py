"""The `omega` command. Exit codes: 0 yes, 1 no (denied, differs, does not hold), 2 unusable input, 3 no service.

Parsing and printing; what is done lies in the modules it calls.
"""

import os
import sys
from collections.abc import Sequence

from app.cli.output import CommandError
from app.core_dumps import refuse_core_dumps
from app.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if arguments is None:  # the process is ours
        refuse_core_dumps()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = Settings.from_environment(os.environ)
        if given[:1] == ["evidence"]:
            from app.cli import evidence  # noqa: PLC0415 - it loads the database where the index is asked for, only

            code = evidence.run(given[1:], settings)
        else:
            from app.cli.commands import parser  # noqa: PLC0415 - what `evidence` need not load

            options = parser(given[0] if given else "").parse_args(given)
            code = int(options.run(options, settings))
        sys.stdout.flush()  # here, where it is known what a closed pipe means
    except SettingsError as error:
        return _fail(str(error), 2)
    except CommandError as error:
        return _fail(str(error), error.code)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        return 1
    return code


def _fail(message: str, code: int) -> int:
    print(f"omega: {message}", file=sys.stderr)
    return code
