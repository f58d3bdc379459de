"""How a visitor comes to each page of a sign-in, for tests that want every page."""

from collections.abc import Callable

from tests.browser.installation import Citizen
from tests.browser.visitor import Visitor

SERVICE = "gov24"


def to_passkey(visitor: Visitor, _citizen: Citizen) -> None:
    visitor.begin(SERVICE)
    visitor.at_step(1)


def to_code(visitor: Visitor, citizen: Citizen) -> None:
    to_passkey(visitor, citizen)
    visitor.prove_passkey()
    visitor.at_step(2)


def to_wrong_code(visitor: Visitor, citizen: Citizen) -> None:
    to_code(visitor, citizen)
    visitor.type_code(wrong(visitor.there.code(citizen.number)))
    visitor.see("#code-error")


def to_used_up_code(visitor: Visitor, citizen: Citizen) -> None:
    to_code(visitor, citizen)
    for _ in range(5):
        visitor.type_code(wrong(visitor.there.code(citizen.number)))
    visitor.see("#code-error")


def to_consent(visitor: Visitor, citizen: Citizen) -> None:
    to_code(visitor, citizen)
    visitor.prove_phone(citizen)
    visitor.at_step(3)


PAGES: dict[str, Callable[[Visitor, Citizen], None]] = {
    "passkey": to_passkey,
    "code": to_code,
    "wrong code": to_wrong_code,
    "used-up code": to_used_up_code,
    "consent": to_consent,
}


def wrong(code: str) -> str:
    """Another code of the same length."""
    return f"{(int(code) + 1) % 10**6:06}"
