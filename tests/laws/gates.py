"""The scene of law 6, and its gates: each a way in which a client, a person, a credential or a session ends."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from idp.credential.states import State
from idp.keys.handles import read_handle
from idp.people.status import PersonStatus
from idp.registration.changes import changed, status_set
from idp.registration.metadata import check_metadata
from idp.registration.register import change
from idp.storage.models import Credential, Passkey, Person
from idp.storage.passkeys import Passkeys
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions
from tests.ground import Citizen, Ground, Registered, Template, Walker, copy_ground

SCOPE = "openid profile offline_access"
HIGHER, HIGHEST = "urn:example:higher", "urn:example:highest"
LEVELS = f"""
[[level]]
acr = "urn:kr:overseas-id:acr:1"
requires = ["passkey", "user_verified"]
[[level]]
acr = "urn:kr:overseas-id:acr:2"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission"]
[[level]]
acr = "{HIGHER}"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission", "tel"]
[[level]]
acr = "{HIGHEST}"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission", "tel", "fresh"]
"""
"""A table with levels above the one that everybody reaches: the next needs a call, which the code page offers."""


@contextmanager
def with_levels(template: Template, directory: Path) -> Iterator[Ground]:
    """An installation with those levels."""
    table = directory / "assurance.toml"
    table.write_text(LEVELS, "utf-8")
    made = copy_ground(template, directory, assurance_file=table)
    yield made
    made.provider.database.engine.dispose()


@dataclass
class Scene:
    """One person, one service, and how far they have come."""

    ground: Ground
    service: Registered = field(init=False)
    citizen: Citizen = field(init=False)
    browser: Walker = field(init=False)
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service, self.citizen = self.ground.register(), self.ground.enrol()
        self.browser = self.ground.browser()

    def sign_in(self) -> None:
        self.given = self.browser.tokens(self.service, self.citizen, scope=SCOPE)

    def copied(self, ground: Ground) -> "Scene":
        """The same person, service and browser, in a copy of the installation as it stood at this moment.

        The copy knows its service already, as the installation did: what it remembers may not outlive a gate.
        """
        ground.clock.now = self.ground.clock.now + 1  # what comes now is newer than all that was
        ground.counter = self.ground.counter
        ground.browser().authorize(self.service)
        browser = Walker(ground)
        browser.client._cookies = dict(self.browser.client._cookies or {})
        if hasattr(self.browser, "page"):
            browser.page = self.browser.page
        other = copy(self)
        other.ground, other.browser = ground, browser
        return other


# How each gate is closed.


def client_disabled(scene: Scene) -> None:
    clients = scene.ground.provider.clients
    clients.save([status_set(clients.get(scene.service.id), "disabled", now=scene.ground.clock())])


def client_removed(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        transaction.run(text("DELETE FROM clients WHERE id = :id"), id=scene.service.id)


def change_registration(scene: Scene, **metadata: Any) -> None:
    wired, now = scene.ground.provider, scene.ground.clock()
    before = wired.clients.get(scene.service.id)
    checked = check_metadata(dict(before.metadata) | metadata, wired.offer)
    outcome = change(before, checked, now=now, random_bytes=os.urandom)
    wired.clients.save([changed(before, outcome, now=now)])


def refresh_grant_removed(scene: Scene) -> None:
    before = scene.ground.provider.clients.get(scene.service.id).metadata["grant_types"]
    change_registration(scene, grant_types=[grant for grant in before if grant != "refresh_token"])


def level_raised(scene: Scene) -> None:
    change_registration(scene, minimum_acr=HIGHER)


def person(status: PersonStatus) -> Callable[[Scene], None]:
    return lambda scene: scene.ground.provider.credential_office.change_person(scene.citizen.person, status, "test")


def credential(state: State) -> Callable[[Scene], None]:
    return lambda scene: scene.ground.provider.credential_office.change_credential(scene.citizen.person, state, "test")


def credential_expired(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        mine = Credential.person_id == scene.citizen.person
        transaction.run(update(Credential).where(mine).values(expires_at=scene.ground.clock()))


def passkey_suspended(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        row = transaction.one(select(Passkey.id).where(Passkey.person_id == scene.citizen.person))
        assert Passkeys(transaction).suspend(row.id)


def consent_withdrawn(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        Sessions(transaction).withdraw(scene.citizen.person, scene.service.id, scene.ground.clock())


def another_environment(scene: Scene) -> None:
    """The person becomes a test citizen: of this very client, which is live and so has none (tenant mismatch)."""
    with scene.ground.provider.database.begin() as transaction:
        mine = Person.id == scene.citizen.person
        transaction.run(update(Person).where(mine).values(sandbox_of=scene.service.id))


def session_ended(scene: Scene) -> None:
    for (_, _, name), cookie in scene.browser.client._cookies.items():
        if name == "idp-session":
            with scene.ground.provider.database.begin() as transaction:
                SessionEnds(transaction).end(read_handle(cookie.value).id, scene.ground.clock())


GATES: dict[str, Callable[[Scene], None]] = {
    "client disabled": client_disabled,
    "client removed": client_removed,
    "person suspended": person(PersonStatus.SUSPENDED),
    "person deceased": person(PersonStatus.DECEASED),
    "person renounced": person(PersonStatus.RENOUNCED),
    "credential suspended": credential(State.SUSPENDED),
    "credential revoked": credential(State.REVOKED),
    "credential expired": credential_expired,
    "passkey suspended": passkey_suspended,
    "consent withdrawn": consent_withdrawn,
    "another environment": another_environment,
    "session ended": session_ended,
    "refresh grant removed": refresh_grant_removed,
    "acr too low": level_raised,
}
