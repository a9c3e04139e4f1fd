"""The YAML of a bundle, as `frameworks.strict_yaml` reads it, with errors that name the file."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.pdp.errors import BundleError
from frameworks import strict_yaml
from frameworks.errors import YamlError
from frameworks.strict_yaml import Path, Place

_T = TypeVar("_T")


def parse_yaml(file: str, text: str, line: int = 1) -> Any:
    """Return the value of one YAML document, which begins on `line` of `file`.

    Raises:
        BundleError: it is no YAML, or says what JSON cannot.
    """
    return _of(file, text, strict_yaml.parse, line)


def parse_placed_yaml(file: str, text: str) -> tuple[Any, Mapping[Path, Place]]:
    """Return the value of one YAML document, and where each of its parts begins; see `strict_yaml.parse_placed`.

    Raises:
        BundleError: it is no YAML, or says what JSON cannot.
    """
    return _of(file, text, strict_yaml.parse_placed, 1)


def _of(file: str, text: str, parse: Callable[[str], _T], line: int) -> _T:
    try:
        return parse(text)
    except YamlError as error:
        raise BundleError(f"{file}:{line + error.line - 1}:{error.column}: {error.why}") from None
