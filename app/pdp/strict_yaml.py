"""The YAML of a bundle, as `frameworks.strict_yaml` reads it, with errors that name the file."""

from typing import Any

from app.pdp.errors import BundleError
from frameworks import strict_yaml
from frameworks.errors import YamlError


def parse_yaml(file: str, text: str, line: int = 1) -> Any:
    """Return the value of one YAML document, which begins on `line` of `file`.

    Raises:
        BundleError: it is no YAML, or says what JSON cannot.
    """
    try:
        return strict_yaml.parse(text)
    except YamlError as error:
        raise BundleError(f"{file}:{line + error.line - 1}:{error.column}: {error.why}") from None
