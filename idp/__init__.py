"""The provider: `create_app` is the one place where its rooms are wired together.

Time, randomness and the database are made here and handed on; nothing else reads a clock or draws a random
number by itself (design law 13).
"""

import os
import re
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response

from idp.application import Application
from idp.current_request import CurrentRequest, current_request
from idp.endpoints import (
    administration_clients,
    administration_house,
    administration_running,
    audit_head,
    authorize,
    client_configuration,
    device_authorization,
    direct,
    discovery,
    inbound,
    introspect,
    logout,
    push,
    receipts,
    register,
    revoke,
    token,
    userinfo,
)
from idp.endpoints.call import FAILED
from idp.journal import request_id
from idp.keys.first_keys import ensure_keys
from idp.keys.identifiers import new_id
from idp.keys.sealing import CannotOpen
from idp.keys.secrets import SecretsError, read_secrets
from idp.operations.counting import Hooks, begin_counting
from idp.operations.traced import begin_tracing
from idp.pages import (
    account,
    account_email,
    account_passkeys,
    account_proofs,
    account_stop,
    console,
    console_acts,
    console_audit,
    console_clients,
    console_confirm,
    console_figures,
    console_members,
    console_missions,
    console_phones,
    console_proposals,
    console_running,
    console_switches,
    counter,
    counter_end,
    counter_figures,
    counter_list,
    coverage,
    developers,
    device,
    enrol,
    feedback,
    figures,
    home,
    logos,
    lost,
    missions,
    new_passkey,
    sandbox,
    second_step,
    sign_in,
    staff,
    staff_join,
    staff_team,
    workbench,
    workbench_checks,
    workbench_confirm,
    workbench_keys,
    workbench_metadata,
    workbench_new,
    workbench_test,
)
from idp.pages.browser import cookies_said
from idp.pages.headers import Headers, add_security_headers, policy_said
from idp.pages.integration_check import keep_note
from idp.pages.refusals import handle_refusals
from idp.pages.rendering import prepare_templates
from idp.provider import Provider, World, make_provider
from idp.registration.network import Network, connect, resolve
from idp.safety import refuse_unsafe
from idp.settings import ROOT, Settings, SettingsError
from idp.storage import open_database
from idp.storage.schema import refuse_outdated
from idp.storage.signing_keys import SigningKeys
from idp.storage.staff import StaffMembers

if TYPE_CHECKING:
    from idp.operations.tracing import RequestSpan, Tracing

MAX_BODY = 128 * 1024  # a form with a sealed request; no endpoint needs more
MAX_FORM_PARTS = 100
EVERYONE = (home, logos, sign_in, second_step, sandbox, enrol, device, coverage, developers)
ACCOUNT = (account, account_email, feedback, account_proofs, account_passkeys, new_passkey, account_stop, lost)
STAFF = (missions, figures, staff, staff_join, staff_team, counter, counter_list, counter_end, counter_figures)
WORKBENCH = (
    workbench,
    workbench_checks,
    workbench_confirm,
    workbench_keys,
    workbench_metadata,
    workbench_new,
    workbench_test,
)
CONSOLE = (
    console,
    console_acts,
    console_audit,
    console_clients,
    console_confirm,
    console_figures,
    console_members,
    console_missions,
    console_phones,
    console_proposals,
    console_running,
    console_switches,
)
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

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
    app = Application("idp", root_path=str(ROOT / "idp"), template_folder=str(ROOT / "templates"), static_folder=None)
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
    add_security_headers(app, partial(_said, wired), secure=settings.secure)
    _begin_requests(app, wired)
    app.after_request(partial(keep_note, wired))
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
        inbound,
        discovery,
        audit_head,
        administration_clients,
        administration_house,
        administration_running,
    ):
        app.register_blueprint(room.endpoint)
    for part in (*EVERYONE, *ACCOUNT, *STAFF, *WORKBENCH, *CONSOLE):
        app.register_blueprint(part.pages)
    if settings.demo:
        from idp.demo.phone import phone  # noqa: PLC0415 (exists only in the demonstration)

        app.register_blueprint(phone)
    hooks = begin_counting(settings)
    if hooks is not None:
        _count(app, wired, hooks)
    tracing = begin_tracing(settings)
    if tracing is not None:
        trace(app, wired, tracing)
    app.know_addresses(origin for origin in (settings.issuer, settings.mtls_origin) if origin)
    direct.answer_before_flask(app, partial(_name_request, wired), hooks.answered if hooks else None)
    discovery.prepare_metadata(app)
    discovery.answer_before_routing(app)
    return app


def wire(app: Flask, settings: Settings, world: World) -> Provider:
    """The provider over its database: schema up to date, keys there and readable."""
    secrets = read_secrets(settings.secrets_file, strict=settings.environment == "production")
    database = open_database(app, settings, world.new_id, world.clock)
    refuse_outdated(database)
    if settings.environment == "production":
        with database.read() as reading:
            if StaffMembers(reading).any_of_the_demonstration():
                raise SettingsError("production refuses to start: the database has staff of the demonstration")
    provider = make_provider(settings, secrets, database, world)
    with database.begin() as transaction:
        keys = SigningKeys(transaction, provider.sealers.signing_key)
        ensure_keys(keys, transaction.record, world.clock())
    try:
        provider.ring.jwks()  # opens every key: a wrong master secret shows itself now, not at the first sign-in
    except CannotOpen as error:
        raise SecretsError(f"{settings.secrets_file} is not what this database was sealed with") from error
    return provider


def _said(wired: Provider, asked: CurrentRequest) -> Headers:
    """What a request has led to, beside the view's own answer: cookies, the policy of its page, its id."""
    return [*cookies_said(wired, asked), *policy_said(asked), ("X-Request-Id", request_id.get())]


def _name_request(wired: Provider, given: str | None) -> str:
    """Name the request that this thread answers now; returns its id."""
    known = given or "" if wired.settings.behind_proxy else ""
    name = known if REQUEST_ID.fullmatch(known) else wired.random_bytes(16).hex()
    request_id.set(name)
    return name


def _begin_requests(app: Flask, wired: Provider) -> None:
    """Give each request an id, nginx's where nginx is in front; its log lines and its answer carry it."""

    @app.before_request
    def _begin() -> None:
        environ = current_request().environ
        if FAILED not in environ:  # else it has its name already
            _name_request(wired, environ.get("HTTP_X_REQUEST_ID"))
        wired.database.open_request()


def _count(app: Flask, wired: Provider, hooks: Hooks) -> None:
    """Count what is answered and what is committed."""
    seconds = wired.world.network.clock
    wired.database.committed = hooks.committed
    wired.database.uncounted = wired.clients.is_sandbox

    @app.before_request
    def _begin() -> None:
        current_request().began_at = seconds()

    @app.after_request
    def _answered(response: Response) -> Response:
        asked = current_request()
        taken = 0.0 if asked.began_at is None else seconds() - asked.began_at
        hooks.answered(_route(asked), _method(asked), response.status_code, taken)
        return response


def trace(app: Flask, wired: Provider, tracing: "Tracing") -> None:
    """A span for each request that is routed, and within it one for each step."""
    wired.database.traced = tracing.step

    @app.before_request
    def _begin() -> None:
        asked = current_request()
        asked.span = tracing.request(_method(asked), _route(asked), request_id.get())

    @app.after_request
    def _answered(response: Response) -> Response:
        span: RequestSpan | None = current_request().span
        if span is not None:
            span.answered(response.status_code)
        return response

    @app.teardown_request
    def _end(error: BaseException | None) -> None:
        asked = current_request()
        span: RequestSpan | None = asked.span
        asked.span = None
        if span is not None:
            span.end(error)


def _route(asked: CurrentRequest) -> str:
    return asked.url_rule.rule if asked.url_rule else "none"


def _method(asked: CurrentRequest) -> str:
    return asked.method if asked.method in KNOWN_METHODS else "other"
