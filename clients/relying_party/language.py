"""Which of the two languages a page speaks: the visitor's choice, else their browser's, else Korean."""

from flask import request, session

LANGUAGES = ("ko", "en")


def language() -> str:
    """`ko` or `en` for this request. `?lang=` chooses, and the cookie remembers the choice."""
    chosen = request.args.get("lang")
    if chosen in LANGUAGES:
        session["lang"] = chosen
    remembered = session.get("lang")
    if remembered in LANGUAGES:
        return str(remembered)
    return request.accept_languages.best_match(LANGUAGES, "ko")


def say(korean: str, english: str) -> str:
    """The sentence in this page's language. Templates keep both side by side, so neither is forgotten."""
    return korean if language() == "ko" else english
