"""One file per grant type of the token endpoint: when a grant may become tokens.

No Flask and no SQL: a grant sees its form, its client, the stores of one open transaction and what it needs to
make tokens. It answers with `Issued` or `Refused`; either way the endpoint commits, because a refusal may have
spent a code or revoked a family, and that must last.
"""

from collections.abc import Callable, Mapping

from idp.grants.authorization_code import redeem
from idp.grants.client_credentials import act_for_itself
from idp.grants.device_code import poll
from idp.grants.outcome import Issued, Refused
from idp.grants.refresh_token import refresh
from idp.grants.stores import Stores
from idp.grants.tokens import Mint
from idp.protocol.client import Client
from idp.protocol.device_flow import DEVICE_CODE_GRANT

GRANTS: Mapping[str, Callable[[Mapping[str, str], Client, Stores, Mint, int, str | None], Issued | Refused]] = {
    "authorization_code": redeem,
    "refresh_token": refresh,
    "client_credentials": act_for_itself,
    DEVICE_CODE_GRANT: poll,
}
"""Every grant type the token endpoint knows; discovery lists exactly these.

Each takes the form, the client, the stores, the mint, the time, and what its tokens are bound to, if anything.
"""

__all__ = ["GRANTS", "Issued", "Mint", "Refused", "Stores"]
