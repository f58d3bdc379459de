"""`idp openapi`: what relying services call, for their generators and test tools."""

import json

import click
from flask import current_app

from idp.endpoints.openapi import openapi as make_document


@click.command("openapi")
def openapi() -> None:
    """Print the OpenAPI document of the endpoints as they are routed here."""
    click.echo(json.dumps(make_document(current_app), indent=2, ensure_ascii=False))
