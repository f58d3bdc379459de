"""POST /inbound/<gateway>: what people answered to our messages (idp/telephony/inbound.py).

As with receipts only what the vendor has signed is read, and the answer tells nobody anything: neither whether a
number is known here, nor which gateways exist.
"""

import logging

from flask import Blueprint, Response, make_response

from idp.audit.catalogue import AuditRow, Event
from idp.endpoints.vendor_calls import read_signed
from idp.pages.rendering import provider
from idp.provider import Provider
from idp.storage.opt_outs import OptOuts
from idp.telephony.inbound import INBOUND_PATH, Said, Wish, read_inbound
from idp.telephony.numbers import NumberRefused, parse_number
from idp.telephony.receipts import NotGenuine

endpoint = Blueprint("inbound", __name__)
log = logging.getLogger(__name__)


@endpoint.post(f"{INBOUND_PATH}/<gateway>")
def inbound(gateway: str) -> Response:
    """204 for what the vendor has signed, 403 for anything else."""
    wired = provider()
    try:
        answers = read_signed(wired, gateway, read_inbound)
    except NotGenuine as error:
        log.warning("answer refused: %s", error)
        return make_response("", 403)
    for said in answers:
        _note(wired, said)
    return make_response("", 204)


def _note(wired: Provider, said: Said) -> None:
    """Keep the wish by the number's fingerprint. What is no number that we write to is nobody's."""
    try:
        number = parse_number(said.number, None, fictional=wired.settings.demo)
    except NumberRefused:
        return
    now, fingerprint = wired.clock(), wired.keyed.look_up.of("phone", number.e164)
    with wired.database.begin() as transaction:
        opted_out = OptOuts(transaction)
        if said.wish is Wish.START:
            if opted_out.lift_number(fingerprint, now):
                transaction.record(AuditRow(Event.OPTED_IN, now))
        elif not opted_out.is_out(fingerprint):
            opted_out.add(fingerprint, now)
            transaction.record(AuditRow(Event.OPTED_OUT, now, detail={"region": number.region}))
