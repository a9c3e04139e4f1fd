"""The words of languages by which names are told from other words, read once from a file beside this one.

Knows neither texts nor names.
"""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from frameworks import strict_yaml

_FILE: Final = "name_words.yaml"


def _load() -> Mapping[str, frozenset[str]]:
    value = strict_yaml.parse((files("app.privacy.detection") / _FILE).read_text("utf-8"))
    return MappingProxyType({name: frozenset(words) for name, words in value.items()})


WORDS: Final = _load()
"""Sets of words by what they are for; the file says what that is."""
