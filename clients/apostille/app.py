"""아포스티유 (Apostille): asks for address and names in Latin script, and steps up before it issues.

Reading is open to whoever is signed in. Issuing a certificate is not: the person proves themself again, right
now, and has to be the same person. The certificate itself is a demonstration.
"""

from pathlib import Path

from flask import Flask, redirect, render_template, session
from werkzeug.wrappers import Response

from clients.relying_party.credentials import Credentials
from clients.relying_party.language import language
from clients.relying_party.server import run
from clients.relying_party.service import read_service
from clients.relying_party.website import create_website, this_party

FOLDER = Path(__file__).parent
SERVICE = read_service(FOLDER)

FRESH_SECONDS = 300
"""How long a proof made for issuing serves: time to read the page and press the button."""


def create_app(credentials: Credentials) -> Flask:
    """The website, and the certificate behind its step-up."""
    app = create_website(SERVICE, credentials, FOLDER)
    app.add_url_rule("/issue", "application", application)
    app.add_url_rule("/issue", "issue", issue, methods=["POST"])
    return app


def application() -> str | Response:
    """What will be issued, and whether it still needs a fresh proof. For people who are signed in."""
    party = this_party()
    signed_in = party.current(session)
    if signed_in is None:
        return redirect("/", 303)
    fresh = signed_in.proved_for_this(now=party.now(), within=FRESH_SECONDS)
    return render_template("issue.html", fresh=fresh)


def issue() -> str | Response:
    """The certificate, or the way to the provider for a proof made now (`max_age=0`) by this same person."""
    party = this_party()
    signed_in = party.current(session)
    if signed_in is None:
        return redirect("/", 303)
    if signed_in.proved_for_this(now=party.now(), within=FRESH_SECONDS):
        return render_template("issued.html", issued_at=party.now())
    step_up = party.begin(session, language(), max_age=0, return_to="/issue", same_subject=signed_in.subject)
    return redirect(step_up, 303)


if __name__ == "__main__":
    run(SERVICE, create_app)
