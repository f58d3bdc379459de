"""The ground that tests stand on: a whole provider on a real database, with a clock that tests turn.

`Ground` is one installation: fake time, real randomness, software passkeys, and the messages that a worker
would deliver, read from the outbox itself. `Walker` is one browser with cookies of its own.
"""

import html
import json
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID
from weakref import WeakKeyDictionary

from flask import Flask
from jinja2 import Environment
from sqlalchemy import Dialect, Engine, Executable, event, select, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from idp import create_app, provider
from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.issue import Keys, issue_credential
from idp.delivery.text_messages import KIND as TEXT_MESSAGE
from idp.delivery.text_messages import CodeMessage, read_payload
from idp.demo.authenticator import SoftAuthenticator
from idp.demo.passkey import Passkey
from idp.keys import ring
from idp.keys.identifiers import new_id
from idp.keys.sealing import row_context
from idp.keys.secrets import new_secret_line
from idp.pages.words import Words
from idp.people.record import Name, Record, Registration
from idp.provider import Provider, World
from idp.registration.changes import added
from idp.registration.metadata import check_metadata
from idp.registration.network import Network, connect
from idp.registration.register import register
from idp.settings import ROOT, Settings
from idp.storage import open_database, opening
from idp.storage.compiled import Compiled, Compiler
from idp.storage.migrate import migrate
from idp.storage.models import Base, OutboxRow
from idp.storage.people import People
from idp.telephony.coverage import Coverage, load_coverage
from idp.telephony.numbers import parse_number
from tests.audited_routes import watch

SPOKEN: dict[str, Environment] = {}
"""The templates of each language, for every installation of this process: compiling takes longer than showing."""

# A key's numbers are checked again whenever it is loaded (RSA: 40 ms). Copies of one template load the same keys.
ring.load_key = cache(ring.load_key)
Words.load = cache(Words.load)  # the same sentences for all


@cache
def shipped_coverage(path: Path, known: tuple[str, ...]) -> Coverage:
    """The table of countries as it is shipped, read once: nothing changes it in the middle of the tests."""
    return load_coverage(path, known)


def coverage_of(path: Path, known: Iterable[str]) -> Coverage:
    """The same for every installation, unless a test brings a table of its own."""
    return (shipped_coverage if path.is_relative_to(ROOT) else load_coverage)(path, tuple(sorted(known)))


provider.load_coverage = coverage_of

ROUTES: dict[tuple[object, ...], tuple[dict[str, Any], list[Callable[..., tuple[str, str]]]]] = {}
compile_route = Rule.compile


def route_of(rule: Rule) -> None:
    """A route is compiled from nothing but its text: done for each installation anew it would take most of the time
    of `create_app`."""
    key = (rule.rule, repr(rule.defaults))
    if key not in ROUTES:
        compile_route(rule)
        read = {name: vars(rule)[name] for name in ("_parts", "_trace", "_converters", "arguments")}
        ROUTES[key] = read, [rule._build.__func__, rule._build_unknown.__func__]  # type: ignore[attr-defined]
        return
    read, (build, build_unknown) = ROUTES[key]
    vars(rule).update(read)
    rule._build, rule._build_unknown = build.__get__(rule), build_unknown.__get__(rule)


Rule.compile = route_of

STATEMENTS: WeakKeyDictionary[Executable, Compiled] = WeakKeyDictionary()
make_compiler = Compiler.__init__


def share_statements(compiler: Compiler, dialect: Dialect) -> None:
    """Statements on SQLite are compiled once for all installations; on PostgreSQL how often one ran decides more."""
    make_compiler(compiler, dialect)
    if dialect.name == "sqlite":
        compiler._known = STATEMENTS


Compiler.__init__ = share_statements

prepare_sqlite = opening._prepare_sqlite


def prepare_without_waiting(engine: Engine) -> None:
    """Nothing here has to outlive a power cut: no waiting for the disk. What a commit promises to others stays."""
    prepare_sqlite(engine)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))


opening._prepare_sqlite = prepare_without_waiting

START = 1_800_000_000
ORIGIN = "http://localhost:9000"
PHONE = "+4915112345678"
VERIFIER = "correct-horse-battery-staple-correct-horse-battery"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = "openid profile email phone address overseas offline_access"

RECORD = Record(
    korean=Name(family="홍", given="길동", full="홍길동"),
    latin=Name(family="HONG", given="GILDONG", full="HONG GILDONG"),
    birthdate="1980-01-31",
    gender="male",
    residence="DE",
    mission="주독일대사관",
    registration=Registration(status="current", as_of="2026-11-01", mission="주독일대사관"),
    email="gildong@example.org",
    email_verified=True,
    address={
        "formatted": "Unter den Linden 1\n10117 Berlin\nGermany",
        "street_address": "Unter den Linden 1",
        "locality": "Berlin",
        "postal_code": "10117",
        "country": "DE",
    },
    middle_name="M",
    nickname="gd",
    preferred_username="gildong",
    profile="https://example.org/p",
    picture="https://example.org/i.png",
    website="https://example.org",
    zoneinfo="Europe/Berlin",
    locale="ko-KR",
    updated_at=1_700_000_000,
)


@dataclass
class Clock:
    """Seconds that only a test moves."""

    now: int = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Names:
    """The domain name system of a test: what it knows, and what was asked."""

    known: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, _port: int, _seconds: float) -> list[str]:
        self.asked.append(host)
        if host in {"localhost", "127.0.0.1"}:
            return ["127.0.0.1"]
        if host not in self.known:
            raise OSError(f"{host} is not known")
        return self.known[host]


@dataclass(frozen=True)
class Registered:
    """A registered service and its secret."""

    id: str
    secret: str | None
    redirect_uri: str


@dataclass(frozen=True)
class Citizen:
    """An enrolled person and the phone that holds their passkey."""

    person: UUID
    phone: SoftAuthenticator
    passkey: Passkey
    number: str


@dataclass
class Ground:
    """One installation."""

    app: Flask
    clock: Clock
    names: Names
    counter: int = 0
    citizens: list[Citizen] = field(default_factory=list)

    @property
    def provider(self) -> Provider:
        return self.app.extensions["idp"]

    def browser(self) -> "Walker":
        return Walker(self)

    def register(self, **metadata: Any) -> Registered:
        """A service; the metadata has sensible defaults."""
        self.counter += 1
        redirect = f"http://localhost:9001/callback{self.counter}"
        document = {
            "client_name": f"Service {self.counter}",
            "redirect_uris": [redirect],
            "post_logout_redirect_uris": ["http://localhost:9001/signed-out"],
            "client_uri": "http://localhost:9001",
            "scope": SCOPES,
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "client_secret_basic",
            "sector": f"service-{self.counter}.example",
        } | metadata
        checked = check_metadata(document, self.provider.offer)
        outcome = register(checked, now=self.clock(), random_bytes=os.urandom)
        self.provider.clients.save([added(outcome, now=self.clock())])
        registered = outcome.registration
        return Registered(registered.client_id, outcome.secret, registered.metadata.get("redirect_uris", [""])[0])

    def enrol(self, record: Record = RECORD, number: str = PHONE, **flags: Any) -> Citizen:
        """A person with everything that sign-in needs, passkey on a software phone."""
        wired = self.provider
        phone = SoftAuthenticator(os.urandom)
        user_handle = os.urandom(64)
        passkey = Passkey.new(
            rp_id="localhost", user_handle=user_handle, user_name="p", display_name="p", random_bytes=os.urandom
        )
        phone.add(passkey)
        new = NewPasskey(
            webauthn_id=passkey.credential_id,
            public_key=passkey.cose_public_key,
            sign_count=0,
            aaguid="00000000-0000-0000-0000-000000000000",
            attestation_format="none",
            transports="internal",
            backup_eligible=flags.get("backup_eligible", False),
            backed_up=flags.get("backed_up", False),
        )
        keys = Keys(wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id)
        with wired.database.begin() as transaction:
            issued = issue_credential(
                People(transaction),
                keys,
                record=record,
                phone=parse_number(number, None, fictional=True),
                passkey=new,
                user_handle=user_handle,
                language="ko",
                mission=record.mission,
                now=self.clock(),
            )
        citizen = Citizen(issued.person, phone, passkey, number)
        self.citizens.append(citizen)
        return citizen

    def codes(self, number: str = PHONE) -> list[str]:
        """The codes that wait in the outbox, newest first."""
        return [message.code for message in reversed(self.messages()) if message.to == number]

    def messages(self) -> list[CodeMessage]:
        """The messages with codes that wait in the outbox, oldest first."""
        wired = self.provider
        with wired.database.read() as reading:
            rows = reading.all(
                select(OutboxRow.id, OutboxRow.payload)
                .where(OutboxRow.kind == TEXT_MESSAGE)
                .order_by(OutboxRow.created_at, OutboxRow.id)
            )
        return [
            read_payload(wired.sealers.outbox.open(r.payload, row_context("outbox", "payload", r.id)))
            for r in rows
            if r.payload is not None
        ]

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        with self.provider.database.read() as reading:
            return int(reading.all(text(f"SELECT count(*) FROM {table}"))[0][0])

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: equal contents before and after mean that nothing at all was written."""
        with self.provider.database.read() as reading:
            return {
                name: sorted((tuple(row) for row in reading.all(select(table))), key=repr)
                for name, table in Base.metadata.tables.items()
            }

    def events(self) -> list[str]:
        """Tags of the audit, oldest first."""
        with self.provider.database.read() as reading:
            return [row.event for row in reading.all(text("SELECT event FROM audit_events ORDER BY id"))]


@dataclass(frozen=True)
class House:
    """An installation with one service and one citizen, shared by the tables of a module."""

    ground: Ground
    service: Registered
    citizen: Citizen
    extra: dict[str, Registered] = field(default_factory=dict)  # further services, made when first needed

    def browser(self) -> "Walker":
        """A fresh browser."""
        return Walker(self.ground)


class Form(dict[str, str]):
    """The hidden and visible fields of a form of a page, with its action."""

    action: str


class Walker:
    """One browser: cookies, forms, and a person who presses buttons."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.client = ground.app.test_client()
        self.page: TestResponse

    def get(self, path: str, **keywords: Any) -> TestResponse:
        self.page = self.client.get(path, base_url=ORIGIN, **keywords)
        return self.page

    def post(self, path: str, data: Any, **keywords: Any) -> TestResponse:
        headers = {"Origin": ORIGIN} | keywords.pop("headers", {})
        self.page = self.client.post(path, data=data, base_url=ORIGIN, headers=headers, **keywords)
        return self.page

    def form(self, action: str) -> Form:
        """The fields of the form of the present page that posts to `action`."""
        found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.page.text, re.DOTALL)
        assert found, f"no form {action} in {self.page.status} {visible(self.page)[:300]}"
        form = Form()
        form.action = action
        for tag in re.findall(r"<input[^>]*>", found[1]):
            attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
            if attributes.get("type") == "hidden":
                form[attributes["name"]] = html.unescape(attributes.get("value", ""))
        return form

    def submit(self, action: str, **fields: Any) -> TestResponse:
        """Post that form with some fields changed."""
        return self.post(action, self.form(action) | fields)

    # The steps of a sign-in.

    def authorize(self, service: Registered, **changed: Any) -> TestResponse:
        """Come from a service."""
        return self.get("/authorize?" + urlencode(request(service, **changed)))

    def options(self) -> dict[str, Any]:
        return json.loads(self.form("/sign-in/passkey")["options"])

    def passkey(self, citizen: Citizen, **falsified: Any) -> TestResponse:
        """Answer the passkey page with the citizen's phone."""
        credential = citizen.phone.get(self.options(), ORIGIN, **falsified)
        return self.submit("/sign-in/passkey", credential=json.dumps(credential))

    def code(self, code: str | None = None, number: str = PHONE) -> TestResponse:
        """Type a code: the newest that was sent, unless told otherwise."""
        return self.submit("/sign-in/code", code=code or self.ground.codes(number)[0])

    def consent(self, decision: str = "allow", **fields: Any) -> TestResponse:
        return self.submit("/sign-in/consent", decision=decision, **fields)

    def sign_in(self, service: Registered, citizen: Citizen, **changed: Any) -> dict[str, str]:
        """The whole way, to the parameters of the answer at the service."""
        self.authorize(service, **changed)
        if self.page.status_code == 200 and "/sign-in/passkey" in self.page.text:
            self.passkey(citizen)
        if self.page.status_code == 200 and 'action="/sign-in/code"' in self.page.text:
            self.code(number=citizen.number)
        if self.page.status_code == 200 and 'action="/sign-in/consent"' in self.page.text:
            self.consent()
        return self.answer(service)

    def answer(self, service: Registered) -> dict[str, str]:
        """The parameters with which the browser went back to the service."""
        assert self.page.status_code == 303, f"{self.page.status} {visible(self.page)[:400]}"
        location = self.page.headers["Location"]
        assert location.split("?")[0] == service.redirect_uri.split("?")[0], location
        return dict(parse_qsl(urlsplit(location).query))

    # What the service's own server calls.

    def token(self, service: Registered, code: str, **changed: Any) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": service.redirect_uri,
            "code_verifier": VERIFIER,
        } | changed
        return call(self.ground, "/token", {k: v for k, v in form.items() if v is not None}, service)

    def tokens(self, service: Registered, citizen: Citizen, **changed: Any) -> dict[str, Any]:
        """Sign in and redeem."""
        response = self.token(service, self.sign_in(service, citizen, **changed)["code"])
        assert response.status_code == 200, response.text
        return response.get_json()

    def userinfo(self, token: str) -> TestResponse:
        return self.ground.app.test_client().get(
            "/userinfo", base_url=ORIGIN, headers={"Authorization": f"Bearer {token}"}
        )


def request(service: Registered, **changed: Any) -> dict[str, str]:
    """An authorization request; None removes a parameter."""
    parameters: dict[str, Any] = {
        "client_id": service.id,
        "redirect_uri": service.redirect_uri,
        "response_type": "code",
        "scope": "openid profile",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    parameters |= changed
    return {name: value for name, value in parameters.items() if value is not None}


def call(ground: Ground, path: str, form: Any, service: Registered | None = None, **keywords: Any) -> TestResponse:
    """A service's server calls an endpoint, authenticated by HTTP Basic (or public)."""
    auth = (service.id, service.secret) if service and service.secret else None
    if service and not service.secret and isinstance(form, dict):
        form = {"client_id": service.id} | form
    return ground.app.test_client().post(path, data=form, auth=auth, base_url=ORIGIN, **keywords)


def visible(response: TestResponse) -> str:
    """The text of a page without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.text.split("<main")[-1]))).strip()


@dataclass(frozen=True)
class Template:
    """An installation made once, which tests copy: secrets, signing keys and a migrated database."""

    secrets: str
    sqlite: Path


def make_template(directory: Path) -> Template:
    """An installation on SQLite with nothing in it but its keys, its file complete without a write-ahead log."""
    made = make_ground(directory, f"sqlite:///{directory}/template.sqlite3")
    made.provider.database.engine.dispose()  # the last connection takes the write-ahead log into the file
    assert not (directory / "template.sqlite3-wal").exists()
    return Template((directory / "secrets").read_text("ascii"), directory / "template.sqlite3")


def copy_ground(template: Template, directory: Path, **changed: Any) -> Ground:
    """A fresh installation on SQLite, copied: making keys and tables for every test would take most of its time."""
    copyfile(template.sqlite, directory / "idp.sqlite3")
    return make_ground(directory, f"sqlite:///{directory}/idp.sqlite3", secrets=template.secrets, ready=True, **changed)


def make_ground(
    directory: Path, database_url: str, *, secrets: str | None = None, ready: bool = False, **changed: Any
) -> Ground:
    """An installation in `directory`, with secrets of its own or given; a `ready` database needs no migration."""
    secrets_file = directory / "secrets"
    secrets_file.write_text(secrets or new_secret_line(1, os.urandom), "ascii")
    secrets_file.chmod(0o600)
    settings = Settings(
        **{
            "database_url": database_url,
            "secrets_file": secrets_file,
            "var": directory,
            "messages_file": directory / "messages.jsonl",
            "demo": True,
        }
        | changed
    )
    clock, names = Clock(), Names()
    ticks = iter(range(10**9))
    world = World(
        clock=clock,
        random_bytes=os.urandom,
        new_id=lambda: new_id(clock.now * 1000 + next(ticks) % 1000, os.urandom),
        network=Network(resolve=names, connect=connect, clock=monotonic),
    )
    if not ready:
        fresh = open_database(Flask("migration"), settings, world.new_id)
        migrate(fresh)
        fresh.engine.dispose()
    app = create_app(settings, world)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.extensions["idp-templates"] = SPOKEN
    watch(app)
    return Ground(app, clock, names)
