"""One statement that takes a code or a refresh token, judges its grant by terms, and writes tokens and audit row.

On PostgreSQL. Each gate of `Standing` is a condition here, beside what a statement can compare of the rules of
idp/grants; whatever is missing counts as closed, and then nothing is written. Of several that present the same thing
one takes the row; the others find it taken when they may look at it, and write nothing either (PostgreSQL §13.2.1).
"""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from idp.credential.states import State
from idp.grants.stores import THE_GRANT, GrantRecord, Minted, Terms
from idp.keys.handles import Presented
from idp.people.status import PersonStatus
from idp.storage.database import Transaction, detail_text
from idp.storage.grants import GRANT, THIS_CODE, grant_of
from idp.storage.models import (
    AccessToken,
    AuditEvent,
    ClientRow,
    Consent,
    Credential,
    Grant,
    Passkey,
    Person,
    RefreshToken,
    Session,
)
from idp.storage.wire import Outdated


def _words(text: Any) -> Any:
    return func.string_to_array(text, _said(" "), type_=ARRAY(Text))


def _said(text: str) -> Any:
    """A text that stands in the statement itself: it need not be sent each time."""
    return literal_column(f"'{text}'", Text)


def _holds(found: ColumnElement[bool], *conditions: ColumnElement[bool], of: Any = Grant) -> Any:
    """Whether the one row that is found by its key in `of` is as it must be; NULL, and so closed, where there is none.

    A value and not a join: a join whose conditions promise few rows is made by looking through a whole table, as long
    as the table is small or has never been analysed, and a prepared statement keeps to that while the table grows.
    """
    return select(and_(*conditions)).where(found).correlate(of).scalar_subquery()


# The grant: what `check`, `audience_of`, `still_allowed` and `Mint.suffices` ask for.
_PLAIN = and_(
    Grant.client_id == bindparam("client"),
    Grant.revoked_at.is_(None),
    Grant.confirmation.is_(None),
    Grant.resources.is_(None),
    Grant.details.is_(None),
    _words(Grant.scopes).contained_by(_words(bindparam("allowed", type_=Text))),
    Grant.acr == func.any(_words(bindparam("levels", type_=Text))),
)
# Those behind it: `standing_of`, gate by gate, and the client, as the worker remembers it.
_STANDS = and_(
    _holds(
        Person.id == Grant.person_id,
        Person.status == _said(PersonStatus.ACTIVE.value),
        Person.sandbox_of.is_not_distinct_from(bindparam("tenant", type_=Text)),
    ),
    _holds(
        and_(Passkey.id == Grant.passkey_id, Credential.id == Passkey.credential_id),
        Passkey.state == _said("active"),
        Credential.state == _said(State.ACTIVE.value),
        Credential.expires_at > bindparam("now"),
    ),
    _holds(
        and_(Consent.person_id == Grant.person_id, Consent.client_id == Grant.client_id),
        Consent.withdrawn_at.is_(None),
    ),
    _holds(
        ClientRow.id == Grant.client_id,
        ClientRow.version == bindparam("known_version"),
        ClientRow.status == _said("enabled"),
    ),
)
_SESSION_LIVES = _holds(Session.id == Grant.session_id, Session.ended_at.is_(None))  # else only offline (Core §11)
_CODE_FITS = and_(
    THIS_CODE,
    Grant.code_spent_at.is_(None),
    Grant.code_expires_at > bindparam("now"),
    Grant.redirect_uri == bindparam("returns_to"),
    Grant.code_challenge == bindparam("challenge"),
)
_REFRESH_FITS = and_(
    RefreshToken.id == bindparam("row"),
    RefreshToken.digest == bindparam("token"),
    RefreshToken.spent_at.is_(None),
    RefreshToken.expires_at > bindparam("now"),
    _holds(Grant.id == RefreshToken.grant_id, _PLAIN, _STANDS, of=RefreshToken),
)

_CODE = (
    update(Grant)
    .where(_CODE_FITS, _PLAIN, _STANDS, _SESSION_LIVES)
    .values(code_spent_at=bindparam("now"))
    .returning(*GRANT)
)
_ROTATING = (
    update(RefreshToken)
    .where(_REFRESH_FITS)
    .values(spent_at=bindparam("now"), successor_id=bindparam("refresh"))
    .returning(RefreshToken.grant_id)
)
_KEPT = select(RefreshToken.grant_id).where(_REFRESH_FITS)


def _given(model: Any, **values: str) -> dict[str, Any]:
    """Columns that get a value which comes with the call, and its name."""
    kinds = {name: model.__table__.c[name].type for name in values}
    return {name: cast(bindparam(value, type_=kinds[name]), kinds[name]) for name, value in values.items()}


def _access(taken: CTE) -> Any:
    given = _given(AccessToken, id="access", digest="access_digest", created_at="now", expires_at="access_expires_at")
    values = select(*given.values(), taken.c.id, taken.c.scopes)
    return insert(AccessToken).from_select([*given, "grant_id", "scopes"], values)


def _refresh(taken: CTE, condition: ColumnElement[bool] | None) -> Any:
    given = _given(RefreshToken, id="refresh", digest="refresh_digest", created_at="now")
    values = select(*given.values(), taken.c.id, taken.c.expires_at)
    if condition is not None:
        values = values.where(condition)
    return insert(RefreshToken).from_select([*given, "grant_id", "expires_at"], values)


def _audit(taken: CTE, detail: Any) -> Any:
    given = _given(AuditEvent, id="audit", at="now", event="event")
    named = func.replace(detail, _said(THE_GRANT), func.replace(cast(taken.c.id, Text), _said("-"), _said("")))
    values = select(*given.values(), taken.c.person_id, taken.c.client_id, named)
    return insert(AuditEvent).from_select([*given, "person_id", "client_id", "detail"], values)


def _exchange(takes: Any, *, refresh: bool = False, only_offline: bool = False) -> Executable:
    """The whole statement; its one row is the grant, and it has none where anything is not as it must be."""
    taken = takes.cte("taken")
    if "grant_id" in taken.c:
        taken = select(*GRANT).where(Grant.id == taken.c.grant_id).cte("granted")
    offline = _said("offline_access") == func.any(_words(taken.c.scopes)) if only_offline else None
    detail: Any = bindparam("detail", type_=Text)
    if offline is not None:
        detail = case((offline, bindparam("detail_offline", type_=Text)), else_=detail)
    added = [_access(taken), *([_refresh(taken, offline)] if refresh else []), _audit(taken, detail)]
    whole = select(taken)
    for i, each in enumerate(added):
        whole = whole.add_cte(each.cte(f"added_{i}"))
    return whole


_EXCHANGE_CODE = _exchange(_CODE)
_EXCHANGE_CODE_OFFLINE = _exchange(_CODE, refresh=True, only_offline=True)
_EXCHANGE_ROTATING = _exchange(_ROTATING, refresh=True)
_EXCHANGE_KEPT = _exchange(_KEPT)


def one_statement(transaction: Transaction, version: int) -> "OneStatement | None":
    """What can be tried in a transaction that has done nothing yet, for a client remembered in this version.

    None on SQLite: it has no statement that takes and inserts, and no server that is far away.
    """
    return OneStatement(transaction, version) if transaction.dialect == "postgresql" else None


class OneStatement:
    """The verbs of `Exchanges`."""

    def __init__(self, transaction: Transaction, version: int) -> None:
        """Over a transaction of PostgreSQL; see `one_statement`."""
        self._transaction = transaction
        self._version = version

    def exchange_code(self, code: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        """Spend a code for what is minted; see `Exchanges`."""
        statement = _EXCHANGE_CODE if minted.refresh is None else _EXCHANGE_CODE_OFFLINE
        values = {"row": code.id, "code": code.digest, **self._values(terms, minted, now)}
        values |= {"returns_to": terms.redirect_uri, "challenge": terms.code_challenge}
        return self._exchange(statement, minted, values)

    def exchange_refresh(self, token: Presented, terms: Terms, minted: Minted, now: int) -> GrantRecord:
        """Spend a refresh token for what is minted, or keep it; see `Exchanges`."""
        statement = _EXCHANGE_KEPT if minted.refresh is None else _EXCHANGE_ROTATING
        values = {"row": token.id, "token": token.digest, **self._values(terms, minted, now)}
        return self._exchange(statement, minted, values)

    def _exchange(self, statement: Executable, minted: Minted, values: dict[str, Any]) -> GrantRecord:
        (found,) = self._transaction.finish((statement, values))
        if not found:
            raise Outdated
        self._transaction.tell(minted.issued.event.tag, minted.issued.client)
        return grant_of(found[0])

    def _values(self, terms: Terms, minted: Minted, now: int) -> dict[str, Any]:
        values = {
            "now": now,
            "client": terms.client_id,
            "known_version": self._version,
            "tenant": terms.tenant,
            "allowed": " ".join(terms.scopes),
            "levels": " ".join(terms.levels),
            "access": minted.access.id,
            "access_digest": minted.access.digest,
            "access_expires_at": minted.access_expires_at,
            "audit": self._transaction.new_id(),
            "event": minted.issued.event.tag,
            "detail": detail_text(minted.issued),
        }
        if minted.refresh is not None:
            values |= {"refresh": minted.refresh.id, "refresh_digest": minted.refresh.digest}
        if minted.issued_offline is not None:
            values["detail_offline"] = detail_text(minted.issued_offline)
        return values
