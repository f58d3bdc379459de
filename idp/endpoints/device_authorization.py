"""POST /device_authorization: a device without a good browser asks a person to sign in on another (RFC 8628 §3.1).

Only a client that authenticates itself may ask, because asking writes (design law 1).
"""

from flask import Blueprint, Response, jsonify, request

from idp.claims.scopes import SCOPES
from idp.endpoints.call import Call
from idp.endpoints.client_calls import answer_errors, authenticate_client, read_client_form, take_assertion
from idp.keys.handles import Handle, new_handle
from idp.pages.rendering import provider
from idp.protocol.authorization_request import scopes_of
from idp.protocol.client_authentication import AuthenticatedClient
from idp.protocol.device_flow import LIFETIME_SECONDS, POLL_SECONDS, device_kind, may_use, new_user_code, readable
from idp.protocol.errors import TemporarilyUnavailable, UnauthorizedClient
from idp.provider import Provider
from idp.staff.switches import Feature
from idp.storage import AlreadyTaken
from idp.storage.device_authorizations import DeviceAuthorizations

endpoint = Blueprint("device_authorization", __name__)
answer_errors(endpoint)
MOST_DRAWS = 3  # of a user code; two alike among a thousand live ones are one in a hundred million


@endpoint.post("/device_authorization")
def device_authorization() -> Response:
    """The device authorization endpoint."""
    wired = provider()
    call = Call(wired, request.environ, request.get_data())
    form = read_client_form(call)
    authenticated = authenticate_client(call, form)
    client = authenticated.client
    if not wired.switches.is_on(Feature.DEVICE_FLOW):
        raise TemporarilyUnavailable("the device flow is turned off")
    if client.is_public or not may_use(client, wired.assurance.acr_values[-1]):
        raise UnauthorizedClient("client may not use the device flow")
    scopes = scopes_of(form, client, frozenset(SCOPES))
    code, user_code = _begin(wired, authenticated, scopes)
    return jsonify(
        device_code=code.text,
        user_code=readable(user_code),
        verification_uri=f"{wired.issuer}/device",
        expires_in=LIFETIME_SECONDS,
        interval=POLL_SECONDS,
    )


def _begin(wired: Provider, authenticated: AuthenticatedClient, scopes: tuple[str, ...]) -> tuple[Handle, str]:
    """A new flow. A drawn code that is already in use is drawn again. Raises TemporarilyUnavailable."""
    kind = device_kind(request.headers.get("User-Agent", ""))
    for _ in range(MOST_DRAWS):
        code, user_code = new_handle(wired.world.new_id(), wired.random_bytes), new_user_code(wired.random_bytes)
        try:
            with wired.database.begin() as transaction:
                take_assertion(transaction, authenticated)
                DeviceAuthorizations(transaction).add(
                    code, wired.user_code(user_code), authenticated.client.id, scopes, kind.value, wired.clock()
                )
        except AlreadyTaken:
            continue
        return code, user_code
    raise TemporarilyUnavailable("every drawn user code is in use")
