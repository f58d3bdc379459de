"""The console's first page: what this member finds there, and what waits for a decision."""

from flask import Blueprint, Response

from idp.pages.console_acts import waiting_for
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.staff_gate import seated
from idp.staff.roles import Act
from idp.storage.client_proposals import ClientProposals

pages = Blueprint("console", __name__)
TILES = {
    "clients": Act.CLIENT_READ,
    "proposals": Act.CLIENT_READ,
    "figures": Act.FIGURES_READ,
    "missions": Act.MISSION_READ,
    "members": Act.STAFF_READ,
    "countries": Act.COUNTRY_READ,
    "gateways": Act.COUNTRY_READ,
    "sessions": Act.SESSION_READ,
    "outbox": Act.OUTBOX_READ,
    "keys": Act.KEY_READ,
    "switches": Act.SWITCH_READ,
    "audit": Act.AUDIT_READ,
}
"""What there is, and the act that it takes."""
CENTRAL = frozenset(TILES.values()) - {Act.STAFF_READ}
"""Acts of the house; who may only look at the own team has a page of the own for it."""


@pages.get("/console")
def home() -> Response:
    """What this member may do here; 403 for who may do nothing of it."""
    seat = seated()
    if not any(seat.member.may(act) for act in CENTRAL):
        raise PageRefused("staff_not_allowed", 403, f"{seat.member.role.value} has nothing to do in the console")
    tiles = [name for name, act in TILES.items() if seat.member.may(act)]
    with provider().database.read() as reading:
        waiting = len(ClientProposals(reading).waiting()) if "proposals" in tiles else 0
    return page("console/home.html", staff=seat.member, tiles=tiles, waiting=waiting + len(waiting_for(seat)))
