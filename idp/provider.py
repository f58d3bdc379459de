"""The provider as one frozen object: what `create_app` wires together and everything else receives.

Real time, real randomness and the database enter here and nowhere else (design law 13).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from idp.audit.ledger import Ledger
from idp.audit.retention import Retention
from idp.audit.seal import SEAL_TYPE
from idp.audit.verify import NotSealed
from idp.authenticators.attestation import Attestations, load_attestations
from idp.claims.assurance import Assurance, Fact, load_assurance
from idp.claims.scopes import SCOPES, claims_of
from idp.claims.subject import session_for, subject_for
from idp.delivery.logout_notices import NoticeMint
from idp.grants import Refused
from idp.grants.authorization_code import redeem
from idp.grants.stores import GrantRecord
from idp.grants.tokens import Mint
from idp.interaction.try_budget import TryBudget
from idp.keys.fingerprints import Fingerprints
from idp.keys.handles import Presented
from idp.keys.jose import InvalidJwt, verify_jwt
from idp.keys.nonces import Nonces
from idp.keys.ring import KeyRing, KeyStore
from idp.keys.sealing import Sealer
from idp.keys.secrets import MasterSecrets, Purpose
from idp.keys.signing import KeyPeriod
from idp.people.registry.contract import Registry
from idp.people.registry.embedded import EmbeddedRegistry
from idp.people.registry.over_http import HttpRegistry, RegistryAccount
from idp.protocol.access_token import read_access_token
from idp.protocol.client import Client
from idp.protocol.device_flow import LIFETIME_SECONDS, TRIES_OF_A_BROWSER, TRIES_OF_ALL
from idp.protocol.errors import UnauthorizedClient
from idp.protocol.logout_token import LOGOUT_TOKEN_TYPE
from idp.registration.fields import Offer
from idp.registration.logos import Logo
from idp.registration.network import Network
from idp.registration.outbound import Outbound, make_outbound
from idp.registration.remote_keys import RemoteKeys
from idp.registration.software_statement import Issuers, load_issuers
from idp.settings import Settings, SettingsError, read_line
from idp.storage.audit_seals import AuditSeals
from idp.storage.checked_requests import CHECK_SECONDS, MOST_NOTED
from idp.storage.citizen_letters import LETTERS, CitizenLetters
from idp.storage.citizen_notices import NOTHING, CitizenNotices
from idp.storage.client_logos import keep_logo
from idp.storage.client_office import ClientOffice
from idp.storage.clients import Clients
from idp.storage.country_overrides import CurrentCoverage
from idp.storage.credential_office import CredentialOffice
from idp.storage.database import Database, Transaction
from idp.storage.grants import Grants
from idp.storage.hourly_counts import HOUR, hours_of
from idp.storage.invitations import Invitations
from idp.storage.key_office import KeyOffice
from idp.storage.logouts import Logouts
from idp.storage.missions import Missions
from idp.storage.outbox_office import OutboxOffice
from idp.storage.phones_desk import PhonesDesk
from idp.storage.registry import SqlRegistry
from idp.storage.registry_ends import RegistryEnds
from idp.storage.send_budgets import SendBudgets
from idp.storage.session_office import SessionOffice
from idp.storage.shared_budgets import SharedBudgets
from idp.storage.signing_keys import SigningKeys
from idp.storage.staff_office import StaffOffice
from idp.storage.switches import Switches
from idp.telephony.accounts_file import KINDS, read_accounts
from idp.telephony.channel import Channel
from idp.telephony.coverage import load_coverage
from idp.telephony.gateways.account import Account
from idp.telephony.limits import Limit, Limits, limits_of

USER_HANDLE_BYTES = 64  # WebAuthn Level 3 §14.6.1: random, nothing personal in it
TRIES_OF_A_LINK = 10  # dates of birth that may be tried with one link in a day
TRIES_OF_ALL_LINKS = 5_000
OUT_OF_REACH = frozenset({Fact.ATTESTED})
"""Facts that nothing establishes without a metadata file: a level that needs one is not offered (design law 10)."""


@dataclass(frozen=True, slots=True)
class World:
    """What is outside: the clock and the source of randomness."""

    clock: Callable[[], int]  # seconds since the epoch
    random_bytes: Callable[[int], bytes]
    new_id: Callable[[], UUID]  # time-ordered
    network: Network


@dataclass(frozen=True, slots=True)
class Sealers:
    """One sealer per purpose."""

    record: Sealer
    phone: Sealer
    outbox: Sealer
    signing_key: Sealer
    page: Sealer
    app_secret: Sealer


@dataclass(frozen=True, slots=True)
class Keyed:
    """One keyed HMAC per purpose."""

    look_up: Fingerprints
    phone_code: Fingerprints
    printed_code: Fingerprints
    send_count: Fingerprints
    user_code: Fingerprints
    form: Fingerprints
    subject: Fingerprints
    session_id: Fingerprints
    stop_link: Fingerprints
    address_link: Fingerprints


@dataclass(frozen=True, slots=True)
class Provider:
    """Everything that endpoints, pages and commands work with."""

    settings: Settings
    world: World
    database: Database
    clients: Clients
    assurance: Assurance
    sealers: Sealers
    keyed: Keyed
    nonces: Nonces
    ring: KeyRing
    outbound: Outbound
    remote_keys: RemoteKeys
    statement_issuers: Issuers
    device_tries: TryBudget
    attestations: Attestations
    check_notes: TryBudget  # what the integration check keeps
    stop_tries: TryBudget
    accounts: tuple[Account, ...]
    coverage: CurrentCoverage
    shared_budgets: SharedBudgets
    limits: Callable[[int, int], Limits]  # by the most that new numbers of a country get in an hour and a day
    registry: Registry | None
    switches: Switches

    @property
    def invitations(self) -> Invitations:
        """Initial access tokens, with which services register themselves."""
        return Invitations(self.database, self.world.random_bytes)

    @property
    def staff(self) -> StaffOffice:
        """The list of staff, and every act on it."""
        return StaffOffice(self.database, self.world.random_bytes, self.world.clock, self.settings.issuer)

    @property
    def client_office(self) -> ClientOffice:
        """Every act of staff on a relying service."""
        return ClientOffice(self.database, self.clients, self.world.clock, self.world.random_bytes)

    def keep_logo(self, logo: Logo) -> None:
        """Store a picture under its name."""
        with self.database.begin() as step:
            keep_logo(step, logo, self.clock())

    def hours(self, client: str, hours: int) -> Mapping[tuple[int, str], int]:
        """(hour, tag of the event) to how often, of the last hours; no client: the whole house."""
        with self.database.read() as reading:
            return hours_of(reading, client, self.clock() // HOUR - hours + 1)

    @property
    def key_office(self) -> KeyOffice:
        """Every act on the signing keys."""
        return KeyOffice(self.database, self.sealers.signing_key, self.world.clock)

    @property
    def outbox_office(self) -> OutboxOffice:
        """Every act of staff on what waits to leave."""
        return OutboxOffice(self.database, self.world.clock)

    @property
    def session_office(self) -> SessionOffice:
        """Finding and ending the sessions of people."""
        return SessionOffice(self.database, self.world.clock, self.logouts.tell_services)

    @property
    def phones(self) -> PhonesDesk:
        """What reaches which country, and how the gateways do."""
        budgets = SendBudgets(self.database, self.keyed.send_count, self.coverage, self.limits_in, self.world.clock)
        return PhonesDesk(self.database, self.coverage, self.world.clock, budgets)

    @property
    def notices(self) -> CitizenNotices:
        """What tells citizens by message of what happened to their credential."""
        return CitizenNotices(self.sealers.phone, self.sealers.outbox)

    @property
    def letters(self) -> CitizenLetters:
        """What tells them by mail."""
        return CitizenLetters(
            record=self.sealers.record,
            outbox=self.sealers.outbox,
            stop_link=self.keyed.stop_link,
            address_link=self.keyed.address_link,
            issuer=self.issuer,
            posted=self.settings.mail != "none",
        )

    def tell(
        self, transaction: Transaction, person: UUID, notice: str, now: int, values: Mapping[str, str] = NOTHING
    ) -> None:
        """Tell a citizen on every channel: a message to each phone, and the letter that goes with the notice."""
        self.notices.tell(transaction, person, notice, now, values)
        self.letters.write(transaction, person, LETTERS[notice], now, values)

    @property
    def registry_table(self) -> SqlRegistry:
        """The embedded registry's table."""
        return SqlRegistry(self.database, self.keyed.look_up, self.sealers.record)

    @property
    def registry_ends(self) -> RegistryEnds:
        """The same table, and what follows for people from what a registry says of them."""
        return RegistryEnds(self.registry_table, self.keyed.look_up, self.sealers.record, self.credential_office)

    @property
    def missions(self) -> Missions:
        """Diplomatic missions, and which of them issue."""
        return Missions(self.database, self.world.clock)

    @property
    def issuer(self) -> str:
        """This provider's issuer identifier."""
        return self.settings.issuer

    @property
    def random_bytes(self) -> Callable[[int], bytes]:
        """A source of unpredictable bytes."""
        return self.world.random_bytes

    def clock(self) -> int:
        """Seconds since the epoch."""
        return self.world.clock()

    @property
    def offer(self) -> Offer:
        """What a registration may choose from."""
        return Offer(
            development=self.settings.environment == "development",
            scopes=tuple(SCOPES),
            acr_values=self.acr_values,
            mtls=bool(self.settings.mtls_origin),
            test_hosts=self.settings.test_hosts,
            claims=claims_of(SCOPES),
        )

    def limits_in(self, region: str) -> Limits:
        """How much may be sent to a country."""
        country = self.coverage().of(region)
        return self.limits(country.hour, country.day)

    def price(self, region: str, channel: Channel) -> int:
        """What one message to a country is taken to cost, in hundredths of a US cent."""
        return self.coverage().of(region).cost(channel)

    @property
    def acr_values(self) -> tuple[str, ...]:
        """The levels that a sign-in here can reach, weakest first."""
        return self.assurance.attainable(frozenset() if self.attestations.can_vouch else OUT_OF_REACH)

    @property
    def mint(self) -> Mint:
        """What making tokens takes."""
        return Mint(
            issuer=self.settings.issuer,
            new_id=self.world.new_id,
            random_bytes=self.world.random_bytes,
            sign=self.sign,
            subject=self.subject,
            session=self.session_id,
            suffices=self.suffices,
            sufficing=lambda client: self.assurance.at_least(client.minimum_acr),
        )

    def key_periods(self) -> Sequence[KeyPeriod]:
        """Every key of the ring, as the database has it now."""
        with self.database.read() as reading:
            return SigningKeys(reading, self.sealers.signing_key).periods()

    def rotate(self, ahead: int) -> list[str]:
        """Publish new keys that sign `ahead` seconds from now; returns their kids."""
        return self.key_office.rotate(ahead)

    def retire(self, kid: str) -> list[str]:
        """Take a key out at once; the kids in its place. Raises NotInTheRing."""
        return self.key_office.retire(kid)

    @property
    def ledger(self) -> Ledger:
        """The audit: sealing, verifying and reading it."""
        return Ledger(
            store=AuditSeals(self.database),
            issuer=self.issuer,
            clock=self.world.clock,
            sign=lambda claims: self.ring.sign("ES256", claims, typ=SEAL_TYPE),
            read=self._read_statement,
            retention=Retention(self.settings.audit_sign_in_days, self.settings.audit_record_days),
            heads=self.settings.audit_heads_file,
        )

    def _read_statement(self, statement: str) -> Mapping[str, Any]:
        try:
            return verify_jwt(statement, self.ring.every_key(), typ=(SEAL_TYPE,))
        except InvalidJwt as error:
            raise NotSealed(str(error)) from None

    @property
    def logouts(self) -> Logouts:
        """What tells services that a session has ended."""
        return Logouts(self.clients, self.sealers.outbox)

    @property
    def credential_office(self) -> CredentialOffice:
        """Enrolments by link, the status of people, the moves of credentials."""
        return CredentialOffice(
            database=self.database,
            record=self.sealers.record,
            logouts=self.logouts,
            tell=self.tell,
            issuer=self.issuer,
            clock=self.world.clock,
            random_bytes=self.world.random_bytes,
            new_id=self.world.new_id,
        )

    @property
    def notice_mint(self) -> NoticeMint:
        """What making logout tokens takes."""
        return NoticeMint(
            issuer=self.issuer,
            sign=lambda alg, claims: self.ring.sign(alg, claims, typ=LOGOUT_TOKEN_TYPE),
            subject=self.subject,
            session=self.session_id,
        )

    def redeem_in_sandbox(self, form: Mapping[str, str], client: Client) -> Mapping[str, Any]:
        """The token response to a sandbox client's code, without its authentication: for the test sign-in alone.

        Every other gate of the token endpoint stands. Raises OAuthError.
        """
        if client.tenant is None:
            raise UnauthorizedClient("not a sandbox client")
        if client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens:
            raise UnauthorizedClient("its tokens are bound to a key that only the service itself holds")
        with self.database.begin() as transaction:
            outcome = redeem(form, client, Grants(transaction), self.mint, self.clock(), None)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome.answer

    def sign(self, alg: str, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """`claims` as a signed JWT."""
        return self.ring.sign(alg, claims, typ=typ)

    def read_token(self, text: str) -> Presented | None:
        """Which row an access or refresh token means; None for what was never ours."""
        return read_access_token(text, self.ring.verification_keys, issuer=self.issuer)

    def subject(self, client: Client, person: UUID | None) -> str:
        """`sub` of a person at a client; of a machine that acts for itself its client_id (RFC 9068 §2.2)."""
        return client.id if person is None else subject_for(client, person, self.keyed.subject)

    def user_code(self, code: str) -> bytes:
        """What a device flow's row is found by, instead of the code that a person types."""
        return self.keyed.user_code.of("device", code)

    def suffices(self, client: Client, grant: GrantRecord) -> bool:
        """Whether a person's grant still reaches what its client asks for: a minimum that rose holds at once."""
        if grant.person_id is None:
            return True
        return self.assurance.satisfies(grant.acr, client.minimum_acr)

    def session_id(self, client: Client, session: UUID) -> str:
        """`sid` of a session at a client."""
        return session_for(client, session, self.keyed.session_id)


def _registry(settings: Settings, table: SqlRegistry) -> Registry | None:
    """Who knows nationals, as settings say. Raises SettingsError for a token that cannot be read."""
    if settings.registry == "http":
        assert settings.registry_token_file is not None
        token = read_line(settings.registry_token_file, "ascii")
        ends = settings.registry_ends_url
        return HttpRegistry(RegistryAccount(settings.registry_url, token, settings.trusted_ca, ends))
    return EmbeddedRegistry(table) if settings.registry == "embedded" else None


def _outbound(settings: Settings, database: Database, world: World) -> Outbound:
    """The one HTTP client to relying services. Raises SettingsError for roots that are none."""
    ours, hosts = settings.trusted_ca, settings.test_hosts
    try:
        return make_outbound(world.network, trusted_ca=ours, test_hosts=hosts, let_go=database.stop_reading)
    except OSError as error:
        raise SettingsError(f"cannot read trusted_ca {ours}: {error.strerror or error}") from error


def make_provider(settings: Settings, secrets: MasterSecrets, database: Database, world: World) -> Provider:
    """Wire the rooms together. Opens only files that settings name. Raises AssuranceError, SettingsError, OSError."""
    outbound = _outbound(settings, database, world)
    sealers = Sealers(
        record=Sealer(secrets, Purpose.RECORD, world.random_bytes),
        phone=Sealer(secrets, Purpose.PHONE_NUMBER, world.random_bytes),
        outbox=Sealer(secrets, Purpose.OUTBOX, world.random_bytes),
        signing_key=Sealer(secrets, Purpose.SIGNING_KEY, world.random_bytes),
        page=Sealer(secrets, Purpose.PAGE, world.random_bytes),
        app_secret=Sealer(secrets, Purpose.AUTHENTICATOR_APP, world.random_bytes),
    )
    keyed = Keyed(
        look_up=Fingerprints(secrets, Purpose.LOOK_UP, lasting=True),
        phone_code=Fingerprints(secrets, Purpose.PHONE_CODE, lasting=False),
        printed_code=Fingerprints(secrets, Purpose.PRINTED_CODE, lasting=True),
        send_count=Fingerprints(secrets, Purpose.SEND_COUNT, lasting=False),
        user_code=Fingerprints(secrets, Purpose.USER_CODE, lasting=False),
        form=Fingerprints(secrets, Purpose.FORM, lasting=False),
        subject=Fingerprints(secrets, Purpose.SUBJECT, lasting=True),
        session_id=Fingerprints(secrets, Purpose.SESSION_ID, lasting=True),
        stop_link=Fingerprints(secrets, Purpose.STOP_LINK, lasting=True),
        address_link=Fingerprints(secrets, Purpose.ADDRESS_LINK, lasting=False),
    )

    def read_keys(look: Callable[[KeyStore], None]) -> None:
        with database.read() as reading:
            look(SigningKeys(reading, sealers.signing_key))

    accounts = read_accounts(settings)
    gateways = {*KINDS, *(account.name for account in accounts)}
    return Provider(
        accounts=accounts,
        shared_budgets=SharedBudgets(),
        limits=lru_cache(maxsize=512)(lambda hour, day: limits_of(settings, Limit(hour, day))),
        coverage=CurrentCoverage(
            database,
            load_coverage(settings.countries_file, gateways),
            world.clock,
            tuple(account.carrier for account in accounts),
        ),
        settings=settings,
        world=world,
        database=database,
        clients=Clients(database, sandbox=settings.sandbox),
        assurance=load_assurance(settings.assurance_file),
        sealers=sealers,
        keyed=keyed,
        nonces=Nonces(Fingerprints(secrets, Purpose.PROOF_NONCE, lasting=False)),
        ring=KeyRing(read=read_keys, clock=world.clock),
        outbound=outbound,
        remote_keys=RemoteKeys(outbound, world.clock),
        statement_issuers=load_issuers(settings.software_statement_issuers),
        registry=_registry(settings, SqlRegistry(database, keyed.look_up, sealers.record)),
        switches=Switches(database, world.clock),
        check_notes=TryBudget(each=MOST_NOTED, all_together=10 * MOST_NOTED, seconds=CHECK_SECONDS),
        stop_tries=TryBudget(each=TRIES_OF_A_LINK, all_together=TRIES_OF_ALL_LINKS, seconds=86_400),
        attestations=load_attestations(
            settings.authenticators_file, settings.attestation_metadata, settings.attestation_metadata_root
        ),
        device_tries=TryBudget(each=TRIES_OF_A_BROWSER, all_together=TRIES_OF_ALL, seconds=LIFETIME_SECONDS),
    )
