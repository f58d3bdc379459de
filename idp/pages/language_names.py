"""Languages called by their names, in the language of the page."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError


@lru_cache(maxsize=512)
def language_name(tag: str, language: str) -> str:
    """The name of a language (BCP 47 tag) in another; a tag that nobody knows stays as it is."""
    try:
        return Locale.parse(tag, sep="-").get_display_name(language) or tag
    except (ValueError, UnknownLocaleError):
        return tag
