"""Choosing the gateway that the settings name, or one clear line why not."""

import pytest

from idp.settings import Settings, SettingsError
from idp.telephony.gateways import make_gateway
from idp.telephony.gateways.file import FileGateway
from idp.telephony.gateways.twilio import TwilioGateway

ACCOUNT = "AC" + "0" * 32


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("a-token\n", "ascii")
    path.chmod(0o600)
    return path


def settings(token_file, **changed):
    given = {
        "gateway": "twilio",
        "twilio_account": ACCOUNT,
        "twilio_sender": "OVERSEAS ID",
        "twilio_token_file": token_file,
    }
    return Settings(**(given | changed))


def test_the_demonstration_writes_a_file(tmp_path):
    assert isinstance(make_gateway(Settings(messages_file=tmp_path / "m"), lambda: 0), FileGateway)


@pytest.mark.parametrize("url", ["https://api.twilio.com", "http://127.0.0.1:8080", "http://[::1]:8080"])
def test_production_speaks_to_a_vendor_over_tls_or_on_this_machine(token_file, url):
    assert isinstance(make_gateway(settings(token_file, twilio_url=url), lambda: 0), TwilioGateway)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"twilio_account": ""}, "twilio_account"),
        ({"twilio_account": "AC/../x"}, "twilio_account"),
        ({"twilio_sender": ""}, "twilio_sender"),
        ({"twilio_token_file": None}, "twilio_token_file"),
        ({"twilio_url": "http://sms.example"}, "https"),
        ({"twilio_url": "https://"}, "https"),
        ({"twilio_url": "ftp://127.0.0.1"}, "https"),
    ],
)
def test_incomplete_settings_are_refused_with_the_name_of_the_setting(token_file, changed, why):
    with pytest.raises(SettingsError, match=why):
        make_gateway(settings(token_file, **changed), lambda: 0)


@pytest.mark.parametrize(
    ("mode", "content", "why"),
    [(0o640, "t", "chmod 600"), (0o604, "t", "chmod 600"), (0o600, " \n", "empty")],
)
def test_a_token_that_others_may_read_or_that_is_missing_is_refused(token_file, mode, content, why):
    token_file.write_text(content, "ascii")
    token_file.chmod(mode)
    with pytest.raises(SettingsError, match=why):
        make_gateway(settings(token_file), lambda: 0)


def test_a_token_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="nowhere"):
        make_gateway(settings(tmp_path / "nowhere"), lambda: 0)
