"""The language of messages: the one that a person has, and the one that is offered first to who looks at a page."""

from uuid import UUID

from flask import request

from idp.pages.rendering import page_language, words
from idp.pages.words import accepted
from idp.provider import Provider
from idp.storage.account import Account
from idp.telephony.languages import offered_first


def likely_language(wired: Provider, region: str) -> str:
    """By the page's language, the browser's, and the country of the number."""
    return offered_first(
        page=page_language(),
        pages=words().languages,
        country=wired.coverage().of(region).language,
        reads=accepted(request.headers.get("Accept-Language")),
    )


def message_language_of(wired: Provider, person: UUID) -> str:
    """The language of a person's messages and calls."""
    with wired.database.read() as reading:
        found = Account(reading, person).person()
    return str(found.message_language or found.language)
