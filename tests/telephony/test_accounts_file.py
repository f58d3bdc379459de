"""The gateways file: accounts at vendors, or one clear line why not."""

import pytest

from idp.settings import Settings, SettingsError
from idp.telephony.accounts_file import KINDS, read_accounts
from idp.telephony.channel import Channel
from idp.telephony.gateways import make_gateway
from idp.telephony.gateways.file import FileGateway

GOOD = {
    "kind": "twilio",
    "account": "AC1",
    "sender": "ID",
    "url": "https://vendor.example",
    "zone": "eu-central-1",
}


@pytest.fixture
def write(tmp_path):
    """Settings with a gateways file of one account; `SECRET` stands for a file that only its owner reads."""
    secret = tmp_path / "secret"
    secret.write_text("a-secret\n", "ascii")
    secret.chmod(0o600)

    def settings(name="one", mode=0o600, content="a-secret\n", **members):
        secret.write_text(content, "ascii")
        secret.chmod(mode)
        members = {k: v for k, v in (GOOD | {"secret_file": "SECRET"} | members).items() if v is not None}
        lines = [f"{key} = {value!r}".replace("'SECRET'", f"'{secret}'") for key, value in members.items()]
        path = tmp_path / "gateways.toml"
        path.write_text(f"[{name}]\n" + "\n".join(lines), "utf-8")
        return Settings(gateways_file=path, messages_file=tmp_path / "m")

    return settings


def test_without_a_file_messages_are_written_for_the_demo_phone(tmp_path):
    settings = Settings(messages_file=tmp_path / "m")
    (account,) = read_accounts(settings)
    assert account.carries == set(Channel)
    assert isinstance(make_gateway(account, settings, lambda: 0), FileGateway)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_made_and_carries_what_its_account_says(write, kind):
    url = "smpps://line.example:2776" if kind == "smpp" else GOOD["url"]
    settings = write(kind=kind, url=url, caller="+8225550100")
    (account,) = read_accounts(settings)
    gateway = make_gateway(account, settings, lambda: 0)
    assert gateway.carries == account.carries
    assert bool(gateway.speaks) == (Channel.VOICE in gateway.carries)
    assert "a-secret" not in repr(account)


def test_receipts_go_to_an_address_of_the_account_when_they_can_be_checked(write):
    assert read_accounts(write())[0].receipts_url == ""
    account = read_accounts(write(receipts_secret_file="SECRET"))[0]
    assert (account.receipts_url, account.receipts_secret) == ("http://localhost:9000/receipts/one", "a-secret")


@pytest.mark.parametrize("url", ["https://api.vendor.example", "http://127.0.0.1:8080", "http://[::1]:8080/x"])
def test_a_vendor_is_spoken_to_over_tls_or_on_this_machine(write, url):
    assert read_accounts(write(url=url))[0].url == url


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kind": None}, "needs a kind"),
        ({"kind": "pigeon"}, "needs a kind: one of file, simulator, twilio"),
        ({"account": None}, "kind twilio needs account"),
        ({"sender": ""}, "kind twilio needs sender"),
        ({"secret_file": None}, "kind twilio needs secret_file"),
        ({"kind": "sns", "zone": None}, "needs zone"),
        ({"kind": "sns", "zone": "evil.example/"}, "zone is"),
        ({"kind": "relay", "url": None}, "needs url"),
        ({"account": "AC/../x"}, "account has"),
        ({"account": 7}, "account is a text"),
        ({"url": "http://sms.example"}, "https"),
        ({"url": "https://"}, "https"),
        ({"url": "ftp://127.0.0.1"}, "https"),
        ({"url": "https://127.0.0.1 @x"}, "https"),
        ({"kind": "smpp", "url": "https://x"}, "smpps"),
        ({"caller": "0151"}, "caller"),
        ({"regions": ["Korea"]}, "regions"),
        ({"regions": "KR"}, "regions"),
        ({"secret": "a-secret"}, "unknown member 'secret'"),
        ({"secret_file": "/nowhere/at-all"}, "cannot read /nowhere/at-all"),
        ({"mode": 0o640}, "chmod 600"),
        ({"mode": 0o604}, "chmod 600"),
        ({"content": " \n"}, "is empty"),
        ({"name": "Upper"}, "plain name"),
        ({"name": '"a/b"'}, "plain name"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(write, changed, why):
    with pytest.raises(SettingsError, match=why) as refusal:
        read_accounts(write(**changed))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("text", "why"), [("", "names no gateway"), ("[", "not valid TOML"), ("a = 1", "not a table")])
def test_a_file_that_is_no_gateways_file_is_refused(tmp_path, text, why):
    path = tmp_path / "gateways.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=why):
        read_accounts(Settings(gateways_file=path))


def test_a_key_that_cannot_sign_is_refused_when_the_gateway_is_made(write):
    settings = write(kind="vonage", caller="+8225550100", application="x", key_file="SECRET")
    with pytest.raises(SettingsError, match="not an RSA key"):
        make_gateway(read_accounts(settings)[0], settings, lambda: 0)
