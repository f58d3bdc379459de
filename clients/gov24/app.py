"""정부24 (Government 24): the plainest relying service, sign-in and logout."""

from pathlib import Path

from flask import Flask

from clients.relying_party.credentials import Credentials
from clients.relying_party.server import run
from clients.relying_party.service import read_service
from clients.relying_party.website import create_website

FOLDER = Path(__file__).parent
SERVICE = read_service(FOLDER)


def create_app(credentials: Credentials) -> Flask:
    """The website: front page, sign-in, what was given, sign-out."""
    return create_website(SERVICE, credentials, FOLDER)


if __name__ == "__main__":
    run(SERVICE, create_app)
