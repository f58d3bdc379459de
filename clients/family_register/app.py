"""전자가족관계등록시스템 (family relations register): the strictest of the four.

It has no shared secret but signs its token requests with its own key (`private_key_jwt`, ES256), says with
every request which assurance it needs, and lets nobody in whose proof was weaker.
"""

from pathlib import Path

from flask import Flask

from clients.relying_party.credentials import Credentials, StartError
from clients.relying_party.server import run
from clients.relying_party.service import read_service
from clients.relying_party.website import create_website

FOLDER = Path(__file__).parent
SERVICE = read_service(FOLDER)


def create_app(credentials: Credentials) -> Flask:
    """The website, with a sign-in that asks for its level. Raises StartError without a private key."""
    if credentials.private_key is None:
        raise StartError("no private key; make one with --make-key and register its public half")
    # The request only says what is needed. What decides is the `acr` of the ID token that comes back.
    return create_website(SERVICE, credentials, FOLDER, acr_values=SERVICE.least_acr)


if __name__ == "__main__":
    run(SERVICE, create_app)
