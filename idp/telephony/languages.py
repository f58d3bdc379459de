"""The languages of messages and calls: which there are, what each calls itself, which one is offered first.

They are more than the languages of the pages: a text message is one sentence, and its reader may be at home in the
language of the country that they live in.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from babel import Locale

#: In the order in which they are listed: those of the pages, then by the countries with most Korean nationals.
LANGUAGES: Final = (
    "ko",
    "en",
    "ja",
    "zh-Hans",
    "zh-Hant",
    "vi",
    "id",
    "ru",
    "es",
    "pt",
    "fr",
    "de",
    "th",
    "uz",
    "kk",
    "fil",
    "ar",
)
#: Regions and older names that readers' browsers send instead of the script (RFC 5646 §2.2.3 leaves it out as usual).
_SAME: Final = {
    "zh": "zh-Hans",
    "zh-cn": "zh-Hans",
    "zh-sg": "zh-Hans",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "zh-mo": "zh-Hant",
    "in": "id",
    "tl": "fil",
}


#: Longest tag that is looked at (RFC 5646 §4.4.1).
LONGEST_TAG: Final = 35


def own_name(tag: str) -> str:
    """What the readers of a language call it."""
    name = Locale.parse(tag, sep="-").get_display_name(tag.replace("-", "_")) or tag
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=1)
def choices() -> tuple[tuple[str, str], ...]:
    """Every language as (tag, own name)."""
    return tuple((tag, own_name(tag)) for tag in LANGUAGES)


def known(tag: str | None) -> str | None:
    """The language of messages that a tag (BCP 47) means, shortened until there is one (RFC 4647 §3.4), or None."""
    subtags = (tag or "").lower().split("-")
    by_lower = {one.lower(): one for one in LANGUAGES}
    for length in range(len(subtags), 0, -1):
        shorter = "-".join(subtags[:length])
        found = _SAME.get(shorter) or by_lower.get(shorter)
        if found is not None:
            return found
    return None


def offered_first(*, page: str, pages: Iterable[str], country: str, reads: Sequence[str]) -> str:
    """The language that a person most likely wants their messages in.

    `page` is that of the page they look at, `pages` are all that pages have, `country` is the usual one of the
    number's country, and `reads` is what their browser says they read, best first. A language that has no page of its
    own counts only if they prefer it to the page's; of several the country's comes first.
    """
    have_pages = frozenset(pages)
    preferred: list[str] = []
    for wish in reads:
        tag = known(wish)
        if tag == page or tag in have_pages:
            break
        if tag is not None:
            preferred.append(tag)
    if country in preferred:
        return country
    return preferred[0] if preferred else known(page) or LANGUAGES[0]
