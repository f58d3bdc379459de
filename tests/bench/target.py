"""The server that a flow talks to, and the client registration that it uses there."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

#: A person who has never signed in, or the tokens of one who has.
Item = dict[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """One side of the comparison as its driver sees it."""

    side: str  # "ours" or "peer"
    host: str
    port: int
    client_id: str
    client_secret: str  # empty: a public client
    redirect_uri: str
    scope: str
    messages: Path | None = None  # where the demonstration's gateway writes messages

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def basic(self) -> str:
        """The client's `Authorization` header (RFC 6749 §2.3.1); id and secret are URL-safe already."""
        return "Basic " + b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
