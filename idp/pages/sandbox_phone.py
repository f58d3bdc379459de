"""What happens to a message to a test citizen: nothing leaves, and its number decides what the pages say."""

from uuid import UUID

from idp.authenticators.phone_code import StoredCode
from idp.delivery.text_messages import CodeMessage, to_payload
from idp.interaction.second_proof import Line, Silence
from idp.keys.sealing import row_context
from idp.provider import Provider
from idp.sandbox.numbers import NUMBERS, Outcome, line_of_number, shown_at
from idp.storage.database import Transaction
from idp.storage.outbox import Fate
from idp.storage.sandbox import SandboxMessages


def outcome_of(wired: Provider, phone_id: UUID | None, number: bytes | None) -> Outcome | None:
    """What a test citizen's number stands for; None without a phone."""
    if phone_id is None or number is None:
        return None
    opened = wired.sealers.phone.open(number, row_context("phones", "number", phone_id)).decode()
    return NUMBERS.get(opened, Outcome.UNREACHED)


def sandbox_line(outcome: Outcome | None, code: StoredCode | None, now: int) -> Line:
    """What can be sent to a test citizen now. `code` is that of the sign-in, if one was made."""
    if outcome is None:
        return Line(silence=Silence.NO_PHONE)
    if code is not None and code.sends_left == 0:
        return Line(silence=Silence.SENDS_USED_UP)
    if code is not None and outcome is Outcome.UNCERTAIN:  # who was asked, and said that the number is theirs
        outcome = Outcome.ARRIVES
    found = line_of_number(outcome, now)
    wait = now + code.wait(now) if code else 0
    return Line(silence=found.silence, until=found.until, next_send_at=wait, text=found.text, voice=found.voice)


def fate_of_test(outcome: Outcome | None, code: StoredCode | None) -> Fate:
    """What became of the newest message to a test citizen."""
    if code is None:
        return Fate.NONE
    return Fate.FAILED if outcome is Outcome.FAILED else Fate.SENT


def keep_message(
    transaction: Transaction, wired: Provider, message: CodeMessage, client_id: str, person: UUID, now: int
) -> None:
    """Keep a message for the client's engineers, in place of sending it."""
    outcome = NUMBERS.get(message.to, Outcome.LOST)
    at = shown_at(outcome, now)
    if at is not None:
        messages = SandboxMessages(transaction)
        messages.add(client_id, person, to_payload(message), wired.sealers.outbox, now, at)
