"""재외동포365민원포털 (Overseas Koreans 365 portal): single sign-on, with or without a word to the person.

Who has just signed in at another service presses the button and is in, without proving anything again.
`/continue` goes one step further: `prompt=none` asks the provider to answer without showing any page.
"""

from pathlib import Path

from flask import Flask, redirect, session
from werkzeug.wrappers import Response

from clients.relying_party.credentials import Credentials
from clients.relying_party.language import language
from clients.relying_party.server import run
from clients.relying_party.service import read_service
from clients.relying_party.website import create_website, this_party

FOLDER = Path(__file__).parent
SERVICE = read_service(FOLDER)


def create_app(credentials: Credentials) -> Flask:
    """The website of gov24, and beside it a way in that never asks."""
    app = create_website(SERVICE, credentials, FOLDER)
    app.add_url_rule("/continue", view_func=continue_silently)
    return app


def continue_silently() -> Response:
    """Sign in only if that needs no page of the provider (OpenID Connect Core §3.1.2.1, `prompt=none`)."""
    return redirect(this_party().begin(session, language(), prompt="none"), 303)


if __name__ == "__main__":
    run(SERVICE, create_app)
