"""What each profile demands, as a table; and which way a request must come."""

from dataclasses import replace

import pytest

from idp.protocol.client import Client
from idp.protocol.client_policy import FAPI_ALGS, Policy, check_route, policy_of
from idp.protocol.errors import InvalidRequest

CLIENT = Client(id="rp", names={}, redirect_uris=("https://rp.example/cb",))
FAPI = replace(CLIENT, profile="fapi2")
MESSAGE_SIGNING = replace(CLIENT, profile="fapi2-message-signing")
PUSHING = replace(CLIENT, require_pushed_authorization_requests=True)
SIGNING = replace(CLIENT, require_signed_request_object=True)

OPEN = Policy(
    pushed_requests=False,
    signed_requests=False,
    only_signed_parameters=False,
    dated_requests=False,
    signed_responses=False,
    issuer_alone_as_audience=False,
    sender_constrained_tokens=False,
    proof_nonces=False,
    signing_algs=("ES256", "RS256", "PS256", "Ed25519"),
)
CLOSED = Policy(
    pushed_requests=True,
    signed_requests=True,
    only_signed_parameters=True,
    dated_requests=True,
    signed_responses=True,
    issuer_alone_as_audience=True,
    sender_constrained_tokens=True,
    proof_nonces=True,
    signing_algs=FAPI_ALGS,
)


@pytest.mark.parametrize(
    ("client", "policy"),
    [
        (CLIENT, OPEN),
        (PUSHING, replace(OPEN, pushed_requests=True)),
        (replace(CLIENT, dpop_nonce_required=True), replace(OPEN, proof_nonces=True)),
        (SIGNING, replace(OPEN, signed_requests=True, only_signed_parameters=True)),
        (FAPI, replace(CLOSED, signed_requests=False, signed_responses=False)),
        (MESSAGE_SIGNING, CLOSED),
    ],
)
def test_policy(client, policy):
    assert policy_of(client) == policy


def test_fapi_knows_no_rs256():
    assert set(FAPI_ALGS) == {"ES256", "PS256", "Ed25519"}


@pytest.mark.parametrize(
    ("client", "pushed", "signed", "lawful"),
    [
        (CLIENT, False, False, True),
        (PUSHING, False, False, False),
        (PUSHING, False, True, False),
        (PUSHING, True, False, True),
        (SIGNING, False, False, False),
        (SIGNING, True, False, False),
        (SIGNING, False, True, True),
        (FAPI, False, True, False),
        (FAPI, True, False, True),
        (MESSAGE_SIGNING, True, False, False),
        (MESSAGE_SIGNING, False, True, False),
        (MESSAGE_SIGNING, True, True, True),
    ],
)
def test_Q_01_a_request_must_come_the_way_its_client_is_bound_to(client, pushed, signed, lawful):
    if lawful:
        check_route(client, pushed=pushed, signed=signed)
    else:
        with pytest.raises(InvalidRequest):
            check_route(client, pushed=pushed, signed=signed)
