"""The real thing on ports of its own: `idp serve`, `idp worker` and the relying services, each a process.

It is prepared and started by the very steps of `./run`. The tests stand beside it with a provider object over the
same database, by which they enrol citizens and let time pass.
"""

import os
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

from sqlalchemy import select, text, update

from idp import create_app
from idp.delivery.text_messages import message_key
from idp.demo import up
from idp.demo.children import Children
from idp.demo.citizens import citizen_record
from idp.demo.enrolled import enrol_at_once
from idp.demo.passkey import Passkey
from idp.demo.place import Place, StartError, check_ports
from idp.demo.preparing import IDP, Preparing
from idp.interaction.sealed_request import seal, unseal
from idp.pages.words import Words
from idp.people.record import Record, read_record
from idp.provider import Provider
from idp.settings import ROOT, load_settings
from idp.storage.country_overrides import override
from idp.storage.models import SignIn
from idp.storage.models_messages import Dispatch
from idp.telephony.dispatch import State
from idp.telephony.gateways.file import read_messages
from idp.telephony.numbers import parse_number

FIRST_PORT = 9300
PORTS_APART = 10
ROWS = 50
MESSAGE_SECONDS = 15
READY_SECONDS = 60


@dataclass(frozen=True)
class Citizen:
    """An enrolled person, their phone number, and the passkey for whichever browser they take."""

    person: UUID
    record: Record
    number: str
    passkey: Passkey


@dataclass
class Installation:
    """A running provider with its services."""

    place: Place
    provider: Provider
    surroundings: dict[str, str]  # the environment of its processes
    words: Words = field(default_factory=lambda: Words.load(ROOT / "templates/words"))
    numbers: Iterator[int] = field(default_factory=lambda: count(15_123_000_000))

    @property
    def issuer(self) -> str:
        return self.provider.issuer

    def at(self, folder: str) -> str:
        """The address of a sample service."""
        return next(self.place.address_of(s) for s in up.SAMPLE_SERVICES if s.folder == folder)

    def new_number(self) -> str:
        """A German mobile number that nobody here has yet."""
        return f"+49{next(self.numbers)}"

    def record(self) -> Record:
        """A complete record that nobody has yet; the names are the longest that a page has to hold."""
        wired = self.provider
        names = {"korean": ("남궁", "하늘"), "latin": ("NAMGUNG", "HANEUL")}
        return read_record(citizen_record("DE", random_bytes=wired.random_bytes, now=wired.clock(), **names))

    def enrol(self) -> Citizen:
        """A person with everything that a sign-in needs."""
        wired, record, number = self.provider, self.record(), self.new_number()
        passkey = self.stranger(record.korean.full)
        person = enrol_at_once(wired, record, parse_number(number, None, fictional=True), passkey, "ko")
        return Citizen(person, record, number, passkey)

    def stranger(self, name: str = "nobody") -> Passkey:
        """A passkey for this provider that it does not know."""
        wired = self.provider
        return Passkey.new(
            rp_id=wired.settings.rp_id,
            user_handle=wired.random_bytes(64),
            user_name=name,
            display_name=name,
            random_bytes=wired.random_bytes,
        )

    def codes(self, number: str) -> list[str]:
        """The codes that arrived at a number, newest first."""
        arrived = read_messages(self.provider.settings.messages_file, number)
        return [message.code for message in arrived if message.code]  # a notice has none

    def code(self, number: str, messages: int = 1) -> str:
        """The newest code, once that many messages have arrived."""
        until = monotonic() + MESSAGE_SECONDS
        while monotonic() < until:
            arrived = self.codes(number)
            if len(arrived) >= messages:
                return arrived[0]
            sleep(0.1)
        raise AssertionError(f"message {messages} to {number} did not arrive")

    def say(self, language: str, key: str, **values: object) -> str:
        """A sentence as its page says it."""
        return self.words.say(language, key, **values)

    # Time: what is stored is made older, so that the provider's own clock need not be touched.

    def age_codes(self, citizen: Citizen, seconds: int) -> None:
        """Make the codes of a person's sign-ins so many seconds older."""
        self._execute(
            "UPDATE sign_ins SET code_sent_at = code_sent_at - :s WHERE person_id = :p",
            citizen,
            seconds,
        )

    def give_up(self, number: str) -> None:
        """Every message so far came to nothing, as a receipt would say."""
        assert self.codes(number)
        with self.provider.database.begin() as step:
            step.run(text("UPDATE dispatches SET state = 'undelivered', ended_at = asked_at"))

    def leave_open(self, number: str) -> None:
        """Of every message so far nobody knows whether it went out."""
        assert self.codes(number)
        with self.provider.database.begin() as step:
            step.run(text("UPDATE dispatches SET state = 'unknown'"))

    def age_sign_ins(self, citizen: Citizen, seconds: int) -> None:
        """Make a person's sign-ins so many seconds older."""
        self._execute("UPDATE sign_ins SET expires_at = expires_at - :s WHERE person_id = :p", citizen, seconds)

    def aged(self, sealed: str, browser: bytes, seconds: int) -> str:
        """The sealed field of a passkey page, as it would look had the page been made so long ago."""
        sealer = self.provider.sealers.page
        page = unseal(sealed, browser, sealer)
        older = replace(page, made_at=page.made_at - seconds)
        return seal(older, browser, sealer)

    def lose_message(self, citizen: Citizen) -> None:
        """The newest message to a person could not be delivered."""
        mine = select(SignIn.id, SignIn.code_sends).where(SignIn.person_id == citizen.person)
        with self.provider.database.read() as reading:
            newest = reading.all(mine.order_by(SignIn.id.desc()).limit(1))[0]
        self.code(citizen.number, newest.code_sends)  # else the worker might carry it, or not, while this is done
        with self.provider.database.begin() as transaction:
            lost = update(Dispatch).where(Dispatch.id == message_key(newest.id, newest.code_sends))
            receipt = lost.values(state=State.UNDELIVERED.value, ended_at=self.provider.clock())
            assert transaction.run(receipt) == 1

    def _execute(self, statement: str, citizen: Citizen, seconds: int) -> None:
        engine = self.provider.database.engine
        person = citizen.person.hex if engine.dialect.name == "sqlite" else citizen.person
        with engine.begin() as connection:
            done = connection.execute(text(statement), {"s": seconds, "p": person})
            assert done.rowcount > 0, "nothing was there to grow older"


EVERYTHING = tuple(service.folder for service in up.SAMPLE_SERVICES)


@contextmanager
def installation(
    place: Place, environ: dict[str, str] | None = None, *, services: Collection[str] = EVERYTHING
) -> Iterator[Installation]:
    """Prepare and start one; stop all of it in the end.

    Only the provider, its worker and these `services` start; the people of the demonstration stand by if all do.
    """
    wanted = (
        {"secrets", "migrate"} | ({"client"} if services else set()) | ({"lab"} if services == EVERYTHING else set())
    )
    surroundings = place.environ({k: v for k, v in os.environ.items() if not k.startswith("IDP_")}) | (environ or {})
    with Preparing(surroundings) as preparing:
        for step in up.preparation(place):
            if (step[len(IDP)] if tuple(step[: len(IDP)]) == IDP else "client") in wanted:
                preparing.execute(step)
    children = Children(place.var / "logs", surroundings)
    try:
        for child in up.processes(place):
            if child.name in {"provider", "worker", *services}:
                children.start(child)
        children.wait_until_ready(_pause, READY_SECONDS)
        wired: Provider = create_app(load_settings(None, surroundings)).extensions["idp"]
        with wired.database.begin() as transaction:  # people may be called whatever the hour of these tests
            override(transaction, wired.coverage.base, "DE", {"quiet": (0, 0)}, wired.clock())
        yield Installation(place, wired, surroundings)
        wired.database.engine.dispose()
    finally:
        children.stop()


@contextmanager
def free_place(var: Path) -> Iterator[Place]:
    """The first row of ports that nobody uses, held by its last port against test processes beside this one."""
    for base in range(FIRST_PORT, FIRST_PORT + ROWS * PORTS_APART, PORTS_APART):
        place = Place(base, var)
        with socket.socket() as claim:
            try:
                claim.bind(("127.0.0.1", base + PORTS_APART - 1))
                check_ports(place)
            except (OSError, StartError):
                continue
            yield place
            return
    raise AssertionError(f"no free ports from {FIRST_PORT} on")


def _pause(seconds: float) -> bool:
    sleep(seconds)
    return False
