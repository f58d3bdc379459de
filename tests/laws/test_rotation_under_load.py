"""Keys rotate while whole workers are asked as fast as they answer: no token fails to verify, anywhere (M-01)."""

import http.client
import json
import time
from base64 import b64encode, urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from idp.storage.models import SigningKey
from tests.ground import Ground, Registered
from tests.hostile.listener import serving

WORKERS = 3
CALLERS = 4
BEFORE, AFTER = 2, 7  # seconds of calls around the rotation
WITHIN = 5  # seconds until every worker signs with the new key
MACHINE = {
    "grant_types": ["client_credentials"],
    "machine_scope": "read",
    "scope": None,
    "redirect_uris": None,
    "post_logout_redirect_uris": None,
    "access_token_format": "jwt",
}


class Caller:
    """A relying service with a connection and a cache of keys of its own, as services have them."""

    def __init__(self, port: int, service: Registered) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        secret = b64encode(f"{service.id}:{service.secret}".encode()).decode()
        self.headers = {"Host": "localhost:9000", "Authorization": f"Basic {secret}"}
        self.headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.keys = self.fetch()
        self.seen: list[tuple[float, str]] = []

    def ask(self, method: str, path: str, **form: str) -> Any:
        self.line.request(method, path, urlencode(form), self.headers)
        answer = self.line.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)

    def fetch(self) -> KeySet:
        return KeySet.import_key_set(self.ask("GET", "/jwks"))

    def call_until(self, end: float) -> None:
        """Get a token, verify it as a service does, and ask whichever worker answers whether it is good."""
        while time.monotonic() < end:
            token = self.ask("POST", "/token", grant_type="client_credentials")["access_token"]
            kid = json.loads(urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
            if kid not in {key.kid for key in self.keys}:
                self.keys = self.fetch()
            jwt.decode(token, self.keys, algorithms=["ES256"])
            self.seen.append((time.monotonic(), kid))
            self.line.close()  # the next connection may meet another worker
            assert self.ask("POST", "/introspect", token=token)["active"] is True
            self.line.close()


@pytest.mark.long
def test_M_01_no_token_fails_while_keys_rotate(either_ground, tmp_path):
    ground: Ground = either_ground
    service = ground.register(**MACHINE)
    with ground.provider.database.begin() as transaction:
        transaction.run(update(SigningKey).values(published_at=0, signs_from=0))  # the tests' clock is ahead of theirs
    with serving(tmp_path, ground.provider.settings.database_url, WORKERS) as port:
        callers = [Caller(port, service) for _ in range(CALLERS)]
        with ThreadPoolExecutor(CALLERS) as pool:
            end = time.monotonic() + BEFORE + AFTER
            under_way = [pool.submit(caller.call_until, end) for caller in callers]
            time.sleep(BEFORE)
            ground.clock.now = int(time.time())
            new = set(ground.provider.rotate(0))
            rotated = time.monotonic()
            for each in under_way:
                each.result()
        for caller in callers:
            caller.line.close()
    seen = [entry for caller in callers for entry in caller.seen]
    assert {kid for at, kid in seen if at < rotated} & new == set()
    late = [kid for at, kid in seen if at > rotated + WITHIN]
    assert late
    assert set(late) <= new
