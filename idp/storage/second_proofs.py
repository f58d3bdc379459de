"""Authenticator apps and printed codes: kept, and taken once each. Tries are counted before anything is compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    ScalarSelect,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row
from sqlalchemy.orm import aliased

from idp.authenticators.phone_code import lock_after
from idp.credential.states import State
from idp.interaction.second_proof import MAX_TRIES, Holdings
from idp.storage.database import Transaction
from idp.storage.models import Credential, Passkey, SignIn
from idp.storage.models_second_proofs import AuthenticatorApp, PrintedCode, ProofTries

_MINE: BindParameter[UUID] = bindparam("person")
_OtherKey, _OtherCredential = aliased(Passkey), aliased(Credential)


def _printed_left(person: Any) -> ScalarSelect[int]:
    return select(func.count()).where(PrintedCode.person_id == person, PrintedCode.used_at.is_(None)).scalar_subquery()


def holdings_columns(person: Any, passkey: Any) -> tuple[ColumnElement[Any], ...]:
    """What `holdings_of` reads, for a statement that knows a person and the passkey they came with."""
    # A passkey that may be copied to other devices is no second thing beside one that may be, too.
    keys = (
        select(func.count())
        .select_from(_OtherKey)
        .join(_OtherCredential, _OtherCredential.id == _OtherKey.credential_id)
        .where(
            _OtherKey.person_id == person,
            _OtherKey.id != passkey,
            _OtherKey.state == "active",
            _OtherKey.backup_eligible.is_(False),
            _OtherCredential.state == State.ACTIVE.value,
            _OtherCredential.expires_at > bindparam("now"),
        )
        .scalar_subquery()
    )
    locked = select(ProofTries.locked_until).where(ProofTries.person_id == person).scalar_subquery()
    return (
        exists().where(AuthenticatorApp.person_id == person).label("holds_app"),
        _printed_left(person).label("holds_printed"),
        keys.label("holds_keys"),
        locked.label("typed_locked_until"),
    )


_PRINTED_LEFT = _printed_left(_MINE)
_HOLDINGS = select(*holdings_columns(_MINE, bindparam("passkey")))
_LEFT = select(_PRINTED_LEFT)
_FIND_APP = select(AuthenticatorApp.secret, AuthenticatorApp.last_step).where(AuthenticatorApp.person_id == _MINE)
_TAKE_STEP = (
    update(AuthenticatorApp)
    .where(AuthenticatorApp.person_id == _MINE, AuthenticatorApp.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_REMOVE_APP = delete(AuthenticatorApp).where(AuthenticatorApp.person_id == _MINE)
_TAKE_PRINTED = (
    update(PrintedCode)
    .where(PrintedCode.person_id == _MINE, PrintedCode.digest == bindparam("code"), PrintedCode.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
_HAS_PRINTED = select(PrintedCode.digest).where(
    PrintedCode.person_id == _MINE, PrintedCode.digest == bindparam("code"), PrintedCode.used_at.is_(None)
)
_FORGET_PRINTED = delete(PrintedCode).where(PrintedCode.person_id == _MINE)
_COUNT_TRY = (
    update(SignIn)
    .where(
        SignIn.id == bindparam("row"),
        SignIn.finished_at.is_(None),
        func.coalesce(SignIn.other_attempts, 0) < MAX_TRIES,
    )
    .values(other_attempts=func.coalesce(SignIn.other_attempts, 0) + 1)
    .returning(SignIn.other_attempts)
)
_LOCK = update(ProofTries).where(ProofTries.person_id == _MINE).values(locked_until=bindparam("until"))
_RIGHT = update(ProofTries).where(ProofTries.person_id == _MINE).values(wrong_tries=0, locked_until=0)


def _count_wrong(module: Any) -> Executable:
    fresh = module.insert(ProofTries).values(person_id=bindparam("person"), wrong_tries=1, locked_until=0)
    counted: Executable = fresh.on_conflict_do_update(
        index_elements=[ProofTries.person_id], set_={"wrong_tries": ProofTries.wrong_tries + 1}
    ).returning(ProofTries.wrong_tries)
    return counted


_WRONG = {"postgresql": _count_wrong(postgresql), "sqlite": _count_wrong(sqlite)}


@dataclass(frozen=True, slots=True)
class SealedApp:
    """An authenticator app with its secret still sealed."""

    secret: bytes
    last_step: int


def holdings_of(row: Row[Any]) -> Holdings:
    """A row of `holdings_columns` as the rules read it."""
    return Holdings(
        app=bool(row.holds_app),
        printed=row.holds_printed,
        other_keys=row.holds_keys,
        typed_locked_until=row.typed_locked_until or 0,
    )


class SecondProofs:
    """Verbs on a person's other second proofs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def holdings(self, person: UUID, passkey: UUID, now: int) -> Holdings:
        """What a person who came with `passkey` holds besides."""
        row = self._transaction.one(_HOLDINGS, person=person, passkey=passkey, now=now)
        assert row is not None
        return holdings_of(row)

    def add_app(self, person: UUID, sealed: bytes, step: int, now: int) -> None:
        """Queue the app, whose first code was of `step`, in place of an earlier one."""
        self._transaction.put(AuthenticatorApp, person_id=person, secret=sealed, added_at=now, last_step=step)

    def find_app(self, person: UUID) -> SealedApp | None:
        """The person's app."""
        row = self._transaction.one(_FIND_APP, person=person)
        return SealedApp(row.secret, row.last_step) if row else None

    def take_step(self, person: UUID, step: int) -> bool:
        """Accept a code of `step`: of several at once, and of later ones, exactly one is."""
        return self._transaction.run(_TAKE_STEP, person=person, step=step) == 1

    def remove_app(self, person: UUID) -> bool:
        """The app proves nothing any more. False when there was none."""
        return self._transaction.run(_REMOVE_APP, person=person) == 1

    def replace_printed(self, person: UUID, digests: Iterable[bytes], now: int) -> None:
        """A new sheet; every code of the one before is worth nothing."""
        self._transaction.run(_FORGET_PRINTED, person=person)
        for digest in digests:
            self._transaction.add(PrintedCode, person_id=person, digest=digest, made_at=now, used_at=None)

    def has_printed(self, person: UUID, digest: bytes) -> bool:
        """Whether a printed code is unused: looked at before it is taken, where whoever asks may be anybody."""
        return self._transaction.one(_HAS_PRINTED, person=person, code=digest) is not None

    def take_printed(self, person: UUID, digest: bytes, now: int) -> bool:
        """Spend a printed code: of several requests with it exactly one gets True."""
        return self._transaction.run(_TAKE_PRINTED, person=person, code=digest, now=now) == 1

    def printed_left(self, person: UUID) -> int:
        """How many printed codes are unused."""
        row = self._transaction.one(_LEFT, person=person)
        return int(row[0]) if row else 0

    def count_try(self, sign_in: UUID) -> int | None:
        """Count a try of a sign-in; returns which one it is, or None when none is left."""
        row = self._transaction.one(_COUNT_TRY, row=sign_in)
        return int(row.other_attempts) if row else None

    def wrong(self, person: UUID, now: int) -> None:
        """Count a wrong try over all sign-ins; too many in a row lock typed proofs, never the passkey."""
        row = self._transaction.one(_WRONG[self._transaction.dialect], person=person)
        until = lock_after(int(row.wrong_tries), now) if row else 0
        if until:
            self._transaction.run(_LOCK, person=person, until=until)

    def right(self, person: UUID) -> None:
        """Forget the wrong tries."""
        self._transaction.run(_RIGHT, person=person)
