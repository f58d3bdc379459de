"""The `idp` command. Thin: each group lives in its room; here they get the settings and the wired provider.

Everything an operator can do wrong ends in one clear line on standard error and exit code 1.
"""

import sys
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import Flask

from idp import create_app, real_world
from idp.audit.catalogue import Event
from idp.audit.commands import audit
from idp.authenticators.attestation import AttestationError
from idp.claims.assurance import AssuranceError
from idp.credential.commands import credential, enrol, person
from idp.delivery.budget import Till
from idp.delivery.commands import make_worker, worker
from idp.delivery.logout_notices import KIND as LOGOUT_NOTICE
from idp.delivery.logout_notices import CallFailed, PostForm, deliver_logout_notices
from idp.delivery.mail import KIND as MAIL
from idp.delivery.mail import MailWordsError, deliver_mail, load_mail_words
from idp.delivery.mail_gateways import make_mail_gateway
from idp.delivery.outbox import Deliver
from idp.delivery.outbox_commands import outbox
from idp.delivery.worker import Chore
from idp.endpoints.commands import openapi
from idp.interaction.session_commands import session
from idp.journal import write_json_log
from idp.keys.commands import keys, secrets
from idp.keys.sealing import CannotOpen
from idp.keys.secrets import SecretsError
from idp.missions.commands import mission
from idp.operations.commands import after_restore, metrics
from idp.operations.counting import begin_counting, metrics_directory
from idp.operations.figures_commands import figures
from idp.operations.traced import begin_tracing
from idp.people.registry.commands import registry
from idp.people.registry.ends import EVERY_SECONDS, EndsWatch
from idp.people.registry.over_http import HttpRegistry
from idp.provider import Provider
from idp.registration.commands import client
from idp.registration.outbound import OutboundFailed, OutboundRefused
from idp.safety import exceptions_for_tests
from idp.serving import serve
from idp.settings import SettingsError, describe, load_settings
from idp.staff.commands import officer
from idp.staff.switch_commands import switch
from idp.storage import DatabaseUnavailable, Transaction, open_database
from idp.storage.after_restore import end_everything
from idp.storage.away import is_away
from idp.storage.client_logos import let_go_of_logos
from idp.storage.client_warnings import warn_of_ends
from idp.storage.credential_life import live_on
from idp.storage.dispatches import SqlDispatches
from idp.storage.figures import follow_up
from idp.storage.gauges import read_gauges
from idp.storage.hourly_counts import count_hours
from idp.storage.housekeeping import sweep
from idp.storage.ledger import SqlLedger
from idp.storage.message_counts import count_messages
from idp.storage.outbox import SqlOutbox
from idp.storage.schema import OutdatedSchema, refuse_outdated
from idp.storage.session_ends import SessionEnds
from idp.telephony.commands import phones
from idp.telephony.exchange import Exchange
from idp.telephony.gateways import make_lines, make_signals
from idp.telephony.messages import MessageError

REFUSALS = (
    SettingsError,
    SecretsError,
    AssuranceError,
    AttestationError,
    OutdatedSchema,
    CannotOpen,
    MessageError,
    MailWordsError,
    DatabaseUnavailable,
)


class Idp(click.Group):
    """The command group; a refusal to start is one line, never a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Accept `--config FILE` wherever it stands: `idp serve --config FILE` as well as `idp --config FILE serve`."""
        return super().parse_args(ctx, _config_first(args))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except REFUSALS as refusal:
            click.echo(f"idp: {refusal}", err=True)
            sys.exit(1)
        except OSError as error:
            about = f"{error.filename}: " if error.filename else ""
            click.echo(f"idp: {about}{error.strerror or error}", err=True)
            sys.exit(1)
        except Exception as error:
            if not is_away(error):
                raise
            why = " ".join(str(getattr(error, "orig", error)).split())[:300]
            click.echo(f"idp: the database is away, busy or full: {why}", err=True)
            sys.exit(1)


def _config_first(args: list[str]) -> list[str]:
    """`args` with the option and its value moved to the front; what follows `--` is left alone."""
    for place, word in enumerate(args):
        if word == "--":
            break
        if word.startswith("--config="):
            return [word, *args[:place], *args[place + 1 :]]
        if word == "--config" and place + 1 < len(args):
            return [word, args[place + 1], *args[:place], *args[place + 2 :]]
    return args


@click.group(cls=Idp)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML); else IDP_CONFIG.")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """The OpenID Connect provider of the mobile overseas-national credential."""
    ctx.obj = config


def with_provider(command: click.Command, choose: Callable[[Provider], Any] = lambda wired: wired) -> click.Command:
    """`command`, given what `choose` takes from the wired provider as its object."""
    inner, wrapped = command.invoke, copy(command)  # the room's own command stays as it is

    def invoke(ctx: click.Context) -> Any:
        settings = load_settings(_config(ctx))
        write_json_log(settings.log_level)
        app = create_app(settings)
        with app.app_context():
            ctx.obj = choose(app.extensions["idp"])
            return inner(ctx)

    wrapped.invoke = invoke  # type: ignore[method-assign]  # the one hook that click offers around a command
    return wrapped


def with_settings(command: click.Command) -> click.Command:
    """`command`, given the settings as its object."""
    inner, wrapped = command.invoke, copy(command)

    def invoke(ctx: click.Context) -> Any:
        ctx.obj = load_settings(_config(ctx))
        return inner(ctx)

    wrapped.invoke = invoke  # type: ignore[method-assign]
    return wrapped


def _config(ctx: click.Context) -> Path | None:
    found = ctx.find_root().params.get("config")
    return found if isinstance(found, Path) else None


@main.command("migrate")
@click.pass_context
def migrate_(ctx: click.Context) -> None:
    """Create the database or bring its schema up to date."""
    from idp.storage.migrate import migrate  # noqa: PLC0415 (Alembic takes a third of a second to import)

    settings = load_settings(_config(ctx))
    database = open_database(Flask("migrate"), settings, real_world().new_id)
    click.echo(f"schema is at {migrate(database)}")


@main.command("settings")
def settings_() -> None:
    """List every setting with its default and its reason."""
    for name, default, why in describe():
        click.echo(f"{name} = {default!r}\n    {why}")


@main.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Start everything but the server: says what would keep it from starting."""
    settings = load_settings(_config(ctx))
    wired: Provider = create_app(settings).extensions["idp"]
    make_mail_gateway(settings, wired.clock)  # the worker's alone
    click.echo(f"ready: {settings.issuer} ({settings.environment})")
    for exception in exceptions_for_tests(settings):
        click.echo(f"only for tests: {exception}")


def _post_form(wired: Provider) -> PostForm:
    """The guarded client, with its failures in the outbox's words."""

    def post(url: str, form: Mapping[str, str], /) -> int:
        try:
            return wired.outbound.post_form(url, form)
        except (OutboundFailed, OutboundRefused) as failure:
            raise CallFailed(str(failure)) from None

    return post


def _worker_of(wired: Provider) -> Any:
    notices = deliver_logout_notices(wired.clients.find, wired.notice_mint, _post_form(wired), wired.clock)
    store = SqlOutbox(wired.database)
    ledger = SqlLedger(wired.database, wired.keyed.look_up)
    till = Till(ledger, wired.keyed.send_count, wired.limits_in, wired.price, wired.clock)
    others: dict[str, Deliver] = {LOGOUT_NOTICE: notices}
    mail = make_mail_gateway(wired.settings, wired.clock)
    if mail is not None:
        others[MAIL] = deliver_mail(mail, load_mail_words())
    signals = make_signals(wired.accounts, wired.clock)
    made = make_worker(
        wired.settings, store, wired.sealers.outbox, wired.clock, _exchange_of(wired), others, till, signals
    )
    made = replace(made, chores=chores_of(wired))
    tracing = begin_tracing(wired.settings)
    if tracing is not None:
        deliverers = {kind: tracing.delivery(kind, deliver) for kind, deliver in made.deliverers.items()}
        made = replace(made, deliverers=deliverers)
    hooks = begin_counting(wired.settings)
    return made if hooks is None else replace(made, observe=hooks.delivered)


def _exchange_of(wired: Provider) -> Exchange:
    """All gateways of this installation behind one."""
    lines = make_lines(wired.accounts, wired.settings, wired.clock)
    memory = SqlDispatches(wired.database)
    return Exchange(lines=lines, memory=memory, coverage=wired.coverage, clock=wired.clock)


def chores_of(wired: Provider) -> tuple[Chore, ...]:
    """What the worker does from time to time."""
    return (
        Chore(lambda now: _age(wired, now), 600),
        Chore(lambda now: count_messages(wired.database, now), 600),
        Chore(lambda now: count_hours(wired.database, now), 60),
        Chore(wired.client_office.remove_those_over, 600),
        Chore(lambda now: _tidy_logos(wired, now), 86_400),
        Chore(lambda now: sweep(wired.database, now), 600),
        Chore(lambda _now: wired.ledger.make_room(), 3600),
        Chore(lambda now: _warn_of_ends(wired, now), 3600),
        Chore(lambda _now: wired.ledger.let_go(), 600),
        Chore(lambda _now: wired.ledger.seal(), 10),
        *_registry_chores(wired),
    )


def _registry_chores(wired: Provider) -> tuple[Chore, ...]:
    """Hearing whose status has ended, where the registry can be asked."""
    if not isinstance(wired.registry, HttpRegistry) or not wired.settings.registry_ends_url:
        return ()
    return (Chore(EndsWatch(wired.registry, wired.registry_ends.end), EVERY_SECONDS),)


def _tidy_logos(wired: Provider, now: int) -> None:
    with wired.database.begin() as step:
        let_go_of_logos(step, now)


def _warn_of_ends(wired: Provider, now: int) -> None:
    """What of relying services ends soon."""
    mail = wired.settings.mail != "none"
    warn_of_ends(wired.database, wired.clients, wired.sealers.outbox, issuer=wired.issuer, mail=mail, now=now)


def _listener_of(wired: Provider) -> Any:
    """The internal listener. Raises SettingsError where none is configured."""
    # Its library decides when it is loaded whether counts are shared: too early for the processes that count.
    from idp.operations.listener import GaugeCollector, InternalListener, Seldom  # noqa: PLC0415

    settings = wired.settings
    host, _, port = settings.metrics_bind.rpartition(":")
    if not host:
        raise SettingsError("metrics_bind is not set: there is nothing to show")
    gauges = GaugeCollector(lambda: read_gauges(wired.database, wired.clock()))
    figures = Seldom(wired.phones.exposition, wired.clock)
    address = (host.strip("[]"), int(port))
    return InternalListener(address, metrics_directory(settings), gauges, lambda: _unready(wired), figures)


def _unready(wired: Provider) -> str | None:
    """Why this installation cannot serve now."""
    try:
        refuse_outdated(wired.database)
        wired.ring.jwks()
    except OutdatedSchema:
        return "outdated schema"
    except Exception as error:  # noqa: BLE001 (a database can be away in many ways; which one stands in its own log)
        return f"database: {type(error).__name__}"
    return None


def _age(wired: Provider, now: int) -> None:
    """What has ended ends."""

    def end_sessions(step: Transaction, person: UUID, credential: UUID, at: int) -> None:
        ended = SessionEnds(step).of_credential(person, credential, at)
        wired.logouts.tell_ended(step, ended, why="credential expired", now=at, event=Event.SESSION_STOPPED)

    live_on(wired.database, wired.tell, end_sessions, now)
    follow_up(wired.database, now)


main.add_command(with_settings(serve))
main.add_command(secrets)
for each in (keys, client, openapi):
    main.add_command(with_provider(each))
for each in (enrol, credential, person):
    main.add_command(with_provider(each, lambda wired: wired.credential_office))
main.add_command(with_provider(worker, _worker_of))
main.add_command(with_provider(phones, lambda wired: wired.phones))
main.add_command(with_provider(metrics, _listener_of))
main.add_command(with_provider(after_restore, lambda wired: lambda: end_everything(wired.database, wired.clock())))
main.add_command(with_provider(audit, lambda wired: wired.ledger))
main.add_command(with_provider(officer, lambda wired: wired.staff))
main.add_command(with_provider(registry, lambda wired: wired.registry_ends))
main.add_command(with_provider(mission, lambda wired: wired.missions))
main.add_command(with_provider(figures))
main.add_command(with_provider(outbox, lambda wired: wired.outbox_office))
main.add_command(with_provider(session, lambda wired: wired.session_office))
main.add_command(with_provider(switch, lambda wired: wired.switches))


def _add_laboratory() -> None:
    from idp.demo.lab import lab  # noqa: PLC0415 (the demonstration's own room)

    main.add_command(with_provider(lab))


_add_laboratory()
