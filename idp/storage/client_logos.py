"""Logos in the database: kept under the digest of their content, and let go once nobody points to them."""

from sqlalchemy import bindparam, delete, select

from idp.registration.logos import Logo
from idp.storage.database import Transaction
from idp.storage.models import ClientRow
from idp.storage.models_console import ClientLogo, PendingAct

KEEP_UNUSED_SECONDS = 8 * 86_400  # a day longer than somebody may decide about it

_CONTENT = select(ClientLogo.content).where(ClientLogo.name == bindparam("logo_name"))
_UNUSED = delete(ClientLogo).where(
    ClientLogo.created_at < bindparam("before"),
    ClientLogo.name.not_in(select(ClientRow.logo).where(ClientRow.logo.is_not(None))),
    ClientLogo.name.not_in(select(PendingAct.argument).where(PendingAct.outcome.is_(None))),
)


def keep_logo(step: Transaction, logo: Logo, now: int) -> None:
    """Queue a picture; the same one twice is one row."""
    if step.one(_CONTENT, logo_name=logo.name) is None:
        step.add(ClientLogo, name=logo.name, content=logo.content, created_at=now)


def find_logo(reading: Transaction, name: str) -> bytes | None:
    """The picture of that name."""
    row = reading.one(_CONTENT, logo_name=name)
    return bytes(row.content) if row else None


def let_go_of_logos(step: Transaction, now: int) -> int:
    """Remove pictures that no service has and nobody decides about; returns how many."""
    return step.run(_UNUSED, before=now - KEEP_UNUSED_SECONDS)
