"""POST /receipts/<gateway>[/<message>]: a vendor says what became of a message (idp/telephony/receipts.py).

Only what the vendor has signed is read. The answer is the same whether the message is known, old or reported for the
second time, so that nobody learns anything here; one that is not genuine learns as little about which gateways exist.
"""

import logging
from uuid import UUID

from flask import Blueprint, Response, make_response

from idp.endpoints.vendor_calls import read_signed
from idp.pages.rendering import provider
from idp.provider import Provider
from idp.storage.dispatches import settle
from idp.telephony.accounts_file import RECEIPTS_PATH
from idp.telephony.receipts import NotGenuine, Report, read_receipt

endpoint = Blueprint("receipts", __name__)
log = logging.getLogger(__name__)


@endpoint.post(f"{RECEIPTS_PATH}/<gateway>")
@endpoint.post(f"{RECEIPTS_PATH}/<gateway>/<uuid:message>")
def receipt(gateway: str, message: UUID | None = None) -> Response:
    """204 for what the vendor has signed, 403 for anything else."""
    wired = provider()
    try:
        reports = read_signed(wired, gateway, read_receipt, message)
    except NotGenuine as error:
        log.warning("receipt refused: %s", error)
        return make_response("", 403)
    if reports:
        _note(wired, gateway, reports)
    return make_response("", 204)


def _note(wired: Provider, gateway: str, reports: list[Report]) -> None:
    with wired.database.begin() as transaction:
        for report in reports:
            settle(
                transaction,
                gateway=gateway,
                state=report.state,
                now=wired.clock(),
                message=report.message,
                vendor_id=report.vendor_id,
            )
