"""ECMAScript modules as one script, so that a page of one file can have them: browsers import nothing from a file.

Each module becomes a function that is called once, behind those it imports; the same files give the same bytes. Knows
the few forms of `import` and `export` that the modules here use, and refuses every other.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auditor_portal.verifying.errors import BundleError

_IMPORT: Final = re.compile(r'^import \{ (\w+(?:, \w+)*) \} from "\./(\w+)\.mjs";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async function\*?|function\*?|class|const) (\w+))", re.MULTILINE)
_OTHER: Final = re.compile(r"^(?:import|export)\b|\bimport\s*\(|\bimport\.meta\b", re.MULTILINE)
_ENDS_SCRIPT: Final = re.compile(r"</script|<!--", re.IGNORECASE)


def bundle(directory: Path, entry: str) -> str:
    """Return the module `entry` and all that it imports as the text of one module script.

    Args:
        directory: where the modules lie, each `<name>.mjs`.
        entry: the name of the one that is run; it exports nothing.

    Raises:
        BundleError: a module is not there, imports in a circle, or has a form that is not known.
    """
    order = list(_ordered(directory, entry, ()))
    parts = [_function(name, _text(directory, name)) for name in dict.fromkeys(order[:-1])]
    script = "\n".join([*parts, _body(entry, _text(directory, entry))[0]])
    if _ENDS_SCRIPT.search(script):
        raise BundleError("a module has what ends a script in a page")
    return script


def _ordered(directory: Path, name: str, above: tuple[str, ...]) -> Iterator[str]:
    """Yield a module behind everything that it imports; some come several times."""
    if name in above:
        raise BundleError(f"`{name}.mjs` imports itself, by way of others")
    for _, imported in _IMPORT.findall(_text(directory, name)):
        yield from _ordered(directory, imported, (*above, name))
    yield name


def _text(directory: Path, name: str) -> str:
    try:
        return (directory / f"{name}.mjs").read_text("utf-8")
    except FileNotFoundError as error:
        raise BundleError(f"there is no `{name}.mjs`") from error


def _function(name: str, text: str) -> str:
    """Return a module as a constant that has what it exports."""
    body, exported = _body(name, text)
    return f"const ${name} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _body(name: str, text: str) -> tuple[str, list[str]]:
    """Return a module without `import` and `export`, and the names that it exports."""
    body = _IMPORT.sub(r"const { \1 } = $\2;", text)
    exported = _EXPORT.findall(body)
    body = _EXPORT.sub("", body)
    if _OTHER.search(body):
        raise BundleError(f"`{name}.mjs` imports or exports in a form that is not known")
    return body, exported
