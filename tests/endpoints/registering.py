"""A service that registers itself, and what its registration looks like afterwards."""

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.ground import ORIGIN, Ground

SERVICE = {
    "client_name": "Embassy Booking",
    "redirect_uris": ["https://booking.go.kr/callback"],
    "client_uri": "https://booking.go.kr/",
    "scope": "openid profile",
}


ISSUED = {
    "registration_access_token",
    "registration_client_uri",
    "client_id_issued_at",
    "client_secret_expires_at",
}
"""What an answer carries and a change must not (RFC 7592 §2.2)."""


def invite(ground: Ground, *, uses: int = 1, seconds: int = 600, lab: bool = False) -> str:
    """An initial access token."""
    now = ground.clock()
    return ground.provider.invitations.invite(note="test", uses=uses, lab=lab, now=now, expires_at=now + seconds)


def send(ground: Ground, method: str, path: str, token: str | None = None, document: Any = None) -> TestResponse:
    """A request of a service's server to a registration endpoint."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = {} if document is None else {"json": document}
    return ground.app.test_client().open(path, method=method, base_url=ORIGIN, headers=headers, **body)


def post(ground: Ground, token: str | None = None, document: Any = SERVICE) -> TestResponse:
    return send(ground, "POST", "/register", token, document)


@dataclass
class Own:
    """A registration as its service knows it."""

    ground: Ground
    answer: dict[str, Any]

    @property
    def id(self) -> str:
        return self.answer["client_id"]

    @property
    def path(self) -> str:
        return f"/register/{self.id}"

    def get(self) -> TestResponse:
        return send(self.ground, "GET", self.path, self.answer["registration_access_token"])

    def put(self, **changed: Any) -> TestResponse:
        """The metadata as it was answered, with some members changed; None removes one."""
        document = {n: v for n, v in (self.answer | changed).items() if n not in ISSUED and v is not None}
        return send(self.ground, "PUT", self.path, self.answer["registration_access_token"], document)

    def delete(self) -> TestResponse:
        return send(self.ground, "DELETE", self.path, self.answer["registration_access_token"])


def registered(ground: Ground, document: Any = SERVICE, **more: Any) -> Own:
    """A service that registered itself."""
    response = post(ground, invite(ground, **more), document)
    assert response.status_code == 201, response.text
    return Own(ground, response.get_json())
