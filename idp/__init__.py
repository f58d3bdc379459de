"""The provider: `create_app` is the one place where its rooms are wired together.

Time, randomness and the database are made here and handed on; nothing else reads a clock or draws a random
number by itself (design law 13).
"""

import os
import time
from urllib.parse import urlsplit

from flask import Flask, Response

from idp.endpoints import (
    authorize,
    client_configuration,
    device_authorization,
    discovery,
    introspect,
    logout,
    push,
    receipts,
    register,
    revoke,
    token,
    userinfo,
)
from idp.keys.first_keys import ensure_keys
from idp.keys.identifiers import new_id
from idp.keys.sealing import CannotOpen
from idp.keys.secrets import SecretsError, read_secrets
from idp.pages import (
    account,
    account_passkeys,
    account_proofs,
    account_stop,
    coverage,
    device,
    enrol,
    home,
    lost,
    second_step,
    sign_in,
)
from idp.pages.browser import set_cookies
from idp.pages.headers import add_security_headers
from idp.pages.refusals import handle_refusals
from idp.pages.rendering import prepare_templates
from idp.provider import Provider, World, make_provider
from idp.registration.network import Network, connect, resolve
from idp.safety import refuse_unsafe
from idp.settings import ROOT, Settings
from idp.storage import open_database
from idp.storage.migrate import refuse_outdated
from idp.storage.signing_keys import SigningKeys

MAX_BODY = 128 * 1024  # a form with a sealed request; no endpoint needs more
MAX_FORM_PARTS = 100

__all__ = ["create_app", "real_world", "wire"]


def real_world() -> World:
    """The clock and the randomness of this machine."""
    return World(
        clock=lambda: int(time.time()),
        random_bytes=os.urandom,
        new_id=lambda: new_id(time.time_ns() // 1_000_000, os.urandom),
        network=Network(resolve, connect, time.monotonic),
    )


def create_app(settings: Settings, world: World | None = None) -> Flask:
    """The WSGI application. Raises SettingsError, SecretsError, AssuranceError or OutdatedSchema: one line each."""
    refuse_unsafe(settings)
    app = Flask("idp", root_path=str(ROOT / "idp"), template_folder=str(ROOT / "templates"), static_folder=None)
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        TRUSTED_HOSTS=[urlsplit(origin).hostname for origin in (settings.issuer, settings.mtls_origin) if origin],
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    wired = wire(app, settings, world or real_world())
    app.extensions["idp"] = wired
    prepare_templates(app)
    handle_refusals(app)
    add_security_headers(app, secure=settings.secure)
    app.before_request(wired.database.open_request)
    app.after_request(lambda response: _with_cookies(wired, response))
    app.teardown_request(lambda _error: wired.database.close_request())
    for room in (
        authorize,
        push,
        token,
        device_authorization,
        userinfo,
        introspect,
        revoke,
        logout,
        register,
        client_configuration,
        receipts,
        discovery,
    ):
        app.register_blueprint(room.endpoint)
    for part in (
        home,
        sign_in,
        second_step,
        enrol,
        device,
        coverage,
        account,
        account_proofs,
        account_passkeys,
        account_stop,
        lost,
    ):
        app.register_blueprint(part.pages)
    if settings.demo:
        from idp.demo.phone import phone  # noqa: PLC0415 (exists only in the demonstration)

        app.register_blueprint(phone)
    discovery.prepare_metadata(app)
    return app


def wire(app: Flask, settings: Settings, world: World) -> Provider:
    """The provider over its database: schema up to date, keys there and readable."""
    secrets = read_secrets(settings.secrets_file, strict=settings.environment == "production")
    database = open_database(app, settings, world.new_id)
    refuse_outdated(database)
    provider = make_provider(settings, secrets, database, world)
    with database.begin() as transaction:
        keys = SigningKeys(transaction, provider.sealers.signing_key)
        ensure_keys(keys, transaction.record, world.clock())
    try:
        provider.ring.jwks()  # opens every key: a wrong master secret shows itself now, not at the first sign-in
    except CannotOpen as error:
        raise SecretsError(f"{settings.secrets_file} is not what this database was sealed with") from error
    return provider


def _with_cookies(wired: Provider, response: Response) -> Response:
    return set_cookies(wired, response)
