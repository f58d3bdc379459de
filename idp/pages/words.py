"""Every sentence that a person sees: loaded once, chosen by key, in the language the person reads.

Sentences live in `templates/words/<language>.toml`, one section per page; a key is the path to the sentence,
such as `code.wrong`. They are plain text without markup, and a placeholder is a name in braces. The language
follows OpenID Connect Core 1.0 §3.1.2.1 (`ui_locales`) and RFC 4647 §3.4 (lookup).
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

DEFAULT_LANGUAGE = "ko"

# What a browser sends is a few dozen characters; more is not a person's preference, and not worth the work.
LONGEST_HEADER = 500
MOST_RANGES = 16

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LANGUAGE_RANGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}")  # RFC 4647 §2.1, without the wildcard
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")  # RFC 9110 §12.4.2


class Words:
    """The sentences of every language. Frozen after loading: a page never waits for a file."""

    def __init__(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        """Sentences by language, then by key. The default language must be among them."""
        if DEFAULT_LANGUAGE not in sentences:
            raise ValueError(f"no words in the default language {DEFAULT_LANGUAGE!r}")
        self._sentences = {language: dict(by_key) for language, by_key in sentences.items()}
        self.languages = tuple(sorted(self._sentences, key=lambda language: (language != DEFAULT_LANGUAGE, language)))
        """The languages there are, the default first."""

    @classmethod
    def load(cls, directory: Path) -> "Words":
        """The words of every `<language>.toml` in `directory`. Raises ValueError for what is no sentence."""
        return cls(
            {
                path.stem: dict(_flatten(tomllib.loads(path.read_text("utf-8")), path.name))
                for path in sorted(directory.glob("*.toml"))
            }
        )

    def keys(self, language: str) -> frozenset[str]:
        """Every key of one language."""
        return frozenset(self._sentences[language])

    def say(self, language: str, key: str, **values: object) -> str:
        """The sentence `key` with `values` put in. Raises KeyError for an unknown key or a value not given.

        The text is not escaped; templates escape it as a whole. A value is inserted as it is and never read
        again, so braces in it mean nothing.
        """
        sentence = self._sentences[language][key]
        if "{" not in sentence:
            return sentence
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), sentence)

    def choose(self, ui_locales: Sequence[str], cookie: str | None, accept_language: str | None) -> str:
        """The language for a person: the service's wish, then their earlier choice, then their browser's."""
        wishes = (ui_locales, [cookie] if cookie else [], accepted(accept_language))
        for ranges in wishes:
            found = lookup(ranges, self.languages) if ranges else None
            if found:
                return found
        return DEFAULT_LANGUAGE


def lookup(ranges: Iterable[str], languages: Sequence[str]) -> str | None:
    """The first of `languages` that a range matches, ranges in order of preference (RFC 4647 §3.4)."""
    for wanted in list(ranges)[:MOST_RANGES]:
        if not _LANGUAGE_RANGE.fullmatch(wanted):
            continue
        subtags = wanted.lower().split("-")
        while subtags:
            if "-".join(subtags) in languages:
                return "-".join(subtags)
            subtags.pop()
            if subtags and len(subtags[-1]) == 1:  # §3.4: a single-letter subtag goes with what followed it
                subtags.pop()
    return None


def accepted(header: str | None) -> Sequence[str]:
    """The languages that a browser says its person reads, best first."""
    return _accepted(header) if header and len(header) <= LONGEST_HEADER else ()


def placeholders(sentence: str) -> frozenset[str]:
    """The names that `sentence` wants values for."""
    return frozenset(_PLACEHOLDER.findall(sentence))


@lru_cache(maxsize=512)
def _accepted(header: str) -> Sequence[str]:
    """The ranges of an Accept-Language header, best first; equal ones as given (RFC 9110 §12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for element in header.split(",")[:MOST_RANGES]:
        wanted, _, parameter = element.partition(";")
        name, _, value = parameter.strip().partition("=")
        quality = value.strip() if name.strip().lower() == "q" else "1"
        if _QUALITY.fullmatch(quality) and float(quality) > 0:  # q=0 means "not this one"
            weighed.append((float(quality), wanted.strip()))
    return [wanted for _, wanted in sorted(weighed, key=lambda pair: -pair[0])]


def _flatten(table: Mapping[str, Any], path: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Keys and sentences of nested tables. Two ways to one key would hide a sentence, so they are refused."""
    seen: set[str] = set()
    for name, value in table.items():
        key = f"{prefix}{name}"
        pairs = list(_flatten(value, path, f"{key}.")) if isinstance(value, dict) else [(key, value)]
        for found, sentence in pairs:
            if not isinstance(sentence, str) or found in seen:
                raise ValueError(f"{path}: {found} is not one sentence")
            seen.add(found)
            yield found, sentence
