"""How an authorization response travels: which response modes there are, and which a client may ask for.

OAuth 2.0 Multiple Response Type Encoding Practices §2.1 (query), OAuth 2.0 Form Post Response Mode, JARM §2.3
(query.jwt, form_post.jwt, jwt). There is no fragment: nothing of ours belongs into the page's address.
"""

from collections.abc import Mapping

from idp.protocol.client import Client
from idp.protocol.client_policy import policy_of
from idp.protocol.errors import InvalidRequest

PLAIN = frozenset({"query", "form_post"})
SIGNED: Mapping[str, str] = {
    "jwt": "query.jwt",  # JARM §2.3.4: the default of response_type=code, signed
    "query.jwt": "query.jwt",
    "form_post.jwt": "form_post.jwt",
}
RESPONSE_MODES = (*sorted(PLAIN), *SIGNED)


def response_mode_of(parameters: Mapping[str, str], client: Client) -> str:
    """The mode of the answer. Raises InvalidRequest for one that does not exist or is not this client's."""
    mode = parameters.get("response_mode", "query")
    if mode in PLAIN and not policy_of(client).signed_responses:
        return mode
    if mode in SIGNED and signs_responses(client):
        return SIGNED[mode]
    raise InvalidRequest(f"response_mode {mode[:40]!r}", public="This response_mode is not enabled for this client.")


def error_mode_of(parameters: Mapping[str, str], client: Client) -> str:
    """The mode of an answer that says what is wrong: the wished one if it is lawful, else the client's simplest."""
    try:
        return response_mode_of(parameters, client)
    except InvalidRequest:
        return "query.jwt" if policy_of(client).signed_responses else "query"


def signs_responses(client: Client) -> bool:
    """Whether the client has asked for signed answers: by naming their algorithm (JARM §3), or by its profile."""
    return client.authorization_signed_response_alg is not None or policy_of(client).signed_responses
