"""npm openid-client on every road that the provider offers it, with every check it knows switched on."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.registration.changes import added
from idp.registration.metadata import check_metadata
from idp.registration.register import register as register_client
from tests.browser.installation import Citizen, Installation
from tests.peers.http_visitor import HttpVisitor

SCRIPT = Path(__file__).parent / "openid_client.mjs"
CALLBACK = "http://localhost:1/callback"  # nobody listens: the test reads the address that the person is sent to
SCOPE = "openid profile phone offline_access"
KEY = ECKey.generate_key("P-256", {"kid": "peer"})
PUBLIC = {"keys": [KEY.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]}


@dataclass
class Peer:
    """The process in which the library plays its journeys."""

    process: subprocess.Popen[str]
    there: Installation

    def tell(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event; what the journey says to it."""
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        said = json.loads(line)
        assert "failed" not in said, said
        return said

    def play(self, journey: str, **metadata: Any) -> dict[str, Any]:
        """The first thing that a newly registered service says on a journey."""
        self.party = registered(self.there, {"client_name": journey, "scope": SCOPE} | metadata)
        key = {"key": KEY.as_dict(private=True)} if "jwks" in metadata else {}
        scope = metadata.get("machine_scope") or SCOPE
        known = {"issuer": self.there.issuer, "redirect_uri": CALLBACK, "scope": scope, "metadata": {}}
        return self.tell({"journey": journey} | known | self.party | key)


@pytest.fixture(scope="module")
def peer(there, node_folder):
    old = node_major() < 20  # from there on the library finds WebCrypto without being told
    flags = ["--experimental-global-webcrypto"] if old else []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    script = shutil.copy(SCRIPT, node_folder)
    with subprocess.Popen(["node", *flags, script], cwd=node_folder, text=True, **pipes) as process:
        yield Peer(process, there)
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def registered(there: Installation, metadata: dict[str, Any]) -> dict[str, Any]:
    """A service, registered without a process for each: mod_auth_openidc's comes by the command."""
    wired = there.provider
    checked = check_metadata({"redirect_uris": [CALLBACK]} | metadata, wired.offer)
    outcome = register_client(checked, now=wired.clock(), random_bytes=wired.random_bytes)
    wired.clients.save([added(outcome, now=wired.clock())])
    return {"client_id": outcome.registration.client_id, "client_secret": outcome.secret}


def judge(known: dict[str, Any], citizen: Citizen, *, bound: bool = False) -> None:
    """What every journey of a person must have learnt."""
    assert known["claims"]["acr"] == "urn:kr:overseas-id:acr:2"
    assert known["person"]["phone_number"] == citizen.number
    assert known["person"]["name#ko-Hang"] == citizen.record.korean.full
    assert known["active"] == [True, False]  # the grant was revoked with its refresh token
    assert (known["type"].lower(), "jkt" in known.get("cnf", {})) == (("dpop", True) if bound else ("bearer", False))


JOURNEYS = {
    "code": {},
    "PAR, DPoP and private_key_jwt": {
        "jwks": PUBLIC,
        "token_endpoint_auth_method": "private_key_jwt",
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "dpop_nonce_required": True,
    },
    "JAR": {"jwks": PUBLIC, "require_signed_request_object": True},
    "JARM": {"authorization_signed_response_alg": "ES256"},
}


@pytest.mark.parametrize("journey", JOURNEYS)
def test_openid_client_signs_a_person_in(there, peer, journey):
    citizen = there.enrol()
    grants = ["authorization_code", "refresh_token"]
    address = peer.play(journey, grant_types=grants, **JOURNEYS[journey])["go"]
    visitor = HttpVisitor(there, citizen)
    visitor.get(address)
    visitor.prove_and_agree()
    known = peer.tell({"came": visitor.follow(CALLBACK)})
    judge(known, citizen, bound="DPoP" in journey)


def test_openid_client_signs_a_device_in(there, peer):
    citizen = there.enrol()
    approved = {"grant_types": ["authorization_code", "refresh_token", DEVICE_CODE_GRANT]}
    shown = peer.play("device", device_flow_approval="a test", **approved)
    visitor = HttpVisitor(there, citizen)
    visitor.get(shown["at"])
    visitor.submit("/device", user_code=shown["type"])
    visitor.submit("/device/begin", decision="mine")
    visitor.prove_and_agree()
    judge(peer.tell({"done": True}), citizen)


def test_openid_client_acts_for_a_machine(peer):
    known = peer.play(
        "client_credentials",
        grant_types=["client_credentials"],
        machine_scope="read",
        scope=None,
        redirect_uris=None,
        jwks=PUBLIC,
        token_endpoint_auth_method="private_key_jwt",
        dpop_bound_access_tokens=True,
    )
    assert known["active"] is True
    assert known["scope"] == "read"
    assert known["sub"] == peer.party["client_id"]
    assert list(known["cnf"]) == ["jkt"]


def node_major() -> int:
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").split(".")[0])
