"""The language of messages that is offered first to whoever looks at this page."""

from flask import request

from idp.pages.rendering import page_language, words
from idp.pages.words import accepted
from idp.provider import Provider
from idp.telephony.languages import offered_first


def likely_language(wired: Provider, region: str) -> str:
    """By the page's language, the browser's, and the country of the number."""
    return offered_first(
        page=page_language(),
        pages=words().languages,
        country=wired.coverage().of(region).language,
        reads=accepted(request.headers.get("Accept-Language")),
    )
