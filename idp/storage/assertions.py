"""Everything that a presented passkey assertion is judged by, in one look: a person waits for it.

The passkey with its holder, whether the challenge was spent, how the client stands, and what else the holder could
prove themself with: each is found by a key, so one statement costs little more than the first of them alone. What was
sent to the holder's number is asked along with it.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam

from idp.interaction.second_proof import Holdings
from idp.storage.clients import STANDING_OF_CLIENT, ClientStanding, client_standing
from idp.storage.database import Transaction
from idp.storage.models import ClientRow, Passkey, Person, SignIn
from idp.storage.passkeys import FIND, Holder, holder_of, with_newest_phone
from idp.storage.second_proofs import holdings_columns, holdings_of
from idp.storage.send_counts import asking_with_number, with_number
from idp.telephony.limits import Count, Tally

_LOOK = (
    FIND.add_columns(
        SignIn.browser.label("spent_by"),
        *STANDING_OF_CLIENT,
        *holdings_columns(Person.id, Passkey.id),
    )
    .outerjoin(SignIn, SignIn.id == bindparam("row"))
    .outerjoin(ClientRow, ClientRow.id == bindparam("client"))
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of an assertion by a passkey that is known."""

    holder: Holder
    spent_by: bytes | None  # the browser of the sign-in that its challenge began
    client: ClientStanding | None
    holdings: Holdings
    sent: list[tuple[Count, Tally]]  # what was sent to the holder's number, and from the address that asks


def look_at_assertion(
    reading: Transaction, webauthn_id: bytes, sign_in: UUID, client_id: str, address: Count, now: int
) -> Looked | None:
    """What is known of an assertion; None when nobody has such a passkey."""
    rows, sent = reading.each(
        (_LOOK, {"webauthn": webauthn_id, "row": sign_in, "client": client_id, "now": now}),
        asking_with_number(webauthn_id, address, now),
    )
    row = with_newest_phone(rows)
    if row is None:
        return None
    standing = client_standing(row, client_id)
    return Looked(holder_of(row, now), row.spent_by, standing, holdings_of(row), with_number(sent, address, now))
