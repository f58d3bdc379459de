"""Where services hear of a logout: L-05 for the back channel, Front-Channel Logout 1.0 §2 for the frames."""

import pytest

from idp.registration.errors import RegistrationRefused
from idp.registration.metadata import check_metadata
from tests.registration.examples import DEVELOPMENT, GOV24, PRODUCTION

BACK = "https://gov24.go.kr/backchannel"
FRONT = "https://gov24.example/frontchannel"


@pytest.mark.parametrize(
    "metadata",
    [
        {"backchannel_logout_uri": BACK},
        {"backchannel_logout_uri": BACK + "?a=b", "backchannel_logout_session_required": True},
        {"backchannel_logout_uri": "https://gov24.go.kr:8443/"},
        {"frontchannel_logout_uri": FRONT},
        {"frontchannel_logout_uri": FRONT + "?a=b", "frontchannel_logout_session_required": True},
        {"frontchannel_logout_uri": "https://gov24.example:443/frontchannel"},
    ],
)
def test_a_good_address_is_kept_as_it_is(metadata):
    checked = check_metadata(GOV24 | metadata, PRODUCTION)
    assert {name: checked[name] for name in metadata} == metadata


@pytest.mark.parametrize(
    "uri",
    [
        "http://gov24.go.kr/backchannel",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "http://localhost:9001/backchannel",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://intranet/",
        "https://db.internal/",
        "https://printer.local/",
        "https://gov24.go.kr@evil.test/",
        "https://{host}/backchannel",
        "https://*.go.kr/",
        "file:///etc/passwd",
        "gopher://gov24.go.kr/",
        BACK + "#fragment",
        "/backchannel",
        "",
        ["https://gov24.go.kr/"],
        7,
    ],
    ids=str,
)
def test_L_05_a_back_channel_that_leads_inwards_is_refused(uri):
    with pytest.raises(RegistrationRefused, match="backchannel_logout_uri"):
        check_metadata(GOV24 | {"backchannel_logout_uri": uri}, PRODUCTION)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://evil.example/frontchannel", "of a redirect URI"),
        ("https://gov24.example:8443/frontchannel", "of a redirect URI"),
        ("http://gov24.example/frontchannel", "must be https"),
        (FRONT + "?sid=1", "iss or sid"),
        (FRONT + "?a=1&iss=", "iss or sid"),
        (FRONT + "#x", "fragment"),
        ("javascript:alert(1)", "https"),
        (7, "text"),
    ],
)
def test_a_frame_shows_only_where_people_were_sent_before(uri, why):
    with pytest.raises(RegistrationRefused, match=why):
        check_metadata(GOV24 | {"frontchannel_logout_uri": uri}, PRODUCTION)


@pytest.mark.parametrize("name", ["frontchannel_logout_session_required", "backchannel_logout_session_required"])
def test_whether_the_session_is_required_is_a_boolean(name):
    with pytest.raises(RegistrationRefused, match=name):
        check_metadata(GOV24 | {name: "true"}, PRODUCTION)


def test_in_development_services_on_this_machine_are_told():
    here = "http://localhost:9001"
    metadata = GOV24 | {
        "redirect_uris": [f"{here}/callback"],
        "backchannel_logout_uri": f"{here}/backchannel",
        "frontchannel_logout_uri": f"{here}/frontchannel",
    }
    assert check_metadata(metadata, DEVELOPMENT)["backchannel_logout_uri"] == f"{here}/backchannel"
