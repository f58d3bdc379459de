"""What a service starts with, and the one clear line it stops with instead."""

import json
import stat

import pytest
from joserfc.jwk import ECKey, RSAKey

from clients.relying_party.client_key import make_key
from clients.relying_party.credentials import StartError, environment_credentials, read_credentials

GIVEN = {
    "issuer": "https://id.example",
    "client_id": "gov24-id",
    "client_secret": "sesame",
    "base": "https://gov24.example/",
}


def zeros(count):
    return b"\0" * count


@pytest.fixture
def credentials_file(tmp_path):
    def write(content):
        path = tmp_path / "gov24.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return write


def test_a_file_gives_an_identity_whose_secrets_are_never_printed(credentials_file):
    found = read_credentials(credentials_file(GIVEN), zeros)
    assert (found.issuer, found.client_id, found.base) == ("https://id.example", "gov24-id", "https://gov24.example")
    assert found.redirect_uri == "https://gov24.example/callback"
    assert found.secure
    assert "sesame" not in repr(found)
    assert repr(found.session_secret) not in repr(found)


def test_the_session_secret_is_made_once_and_readable_by_its_owner_alone(credentials_file):
    path = credentials_file(GIVEN)
    first = read_credentials(path, lambda count: b"a" * count)
    second = read_credentials(path, lambda count: b"b" * count)
    assert first.session_secret == second.session_secret == b"a" * 32
    assert stat.S_IMODE(path.with_suffix(".session-secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({**GIVEN, "issuer": ""}, "credentials lack 'issuer'"),
        ({**GIVEN, "client_id": None}, "credentials lack 'client_id'"),
        ({**GIVEN, "base": ""}, "credentials lack 'base'"),
        ({**GIVEN, "issuer": "http://id.example"}, "issuer must be https"),
        ({**GIVEN, "base": "http://gov24.example"}, "base must be https"),
        ({**GIVEN, "base": "https://gov24.example/app"}, "without path"),
        ({**GIVEN, "issuer": "ftp://id.example"}, "http"),
        ({**GIVEN, "issuer": "https://id.example/?a=b"}, "without path"),
        ({**GIVEN, "private_jwk": "{"}, "not an EC key"),
        ({**GIVEN, "private_jwk": {"kty": "EC"}}, "not an EC key"),
        ({**GIVEN, "private_jwk": RSAKey.generate_key(2048).as_dict(private=True)}, "not an EC key"),
        ({**GIVEN, "private_jwk": ECKey.generate_key("P-256").as_dict(private=False)}, "public half"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(credentials_file, content, line):
    with pytest.raises(StartError, match=line) as caught:
        read_credentials(credentials_file(content), zeros)
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StartError, match=r"gov24\.json: No such file"):
        read_credentials(tmp_path / "gov24.json", zeros)


def test_a_session_secret_cut_short_is_refused(credentials_file):
    path = credentials_file(GIVEN)
    path.with_suffix(".session-secret").write_bytes(b"short")
    with pytest.raises(StartError, match="too short"):
        read_credentials(path, zeros)


def test_the_environment_serves_a_service_without_a_disk():
    environ = {f"RP_{name.upper()}": value for name, value in GIVEN.items()}
    found = environment_credentials({**environ, "RP_SESSION_SECRET": "x" * 32, "HOME": "/"})
    assert (found.client_id, found.client_secret) == ("gov24-id", "sesame")
    with pytest.raises(StartError, match="RP_SESSION_SECRET"):
        environment_credentials({**environ, "RP_SESSION_SECRET": "short"})


def test_a_made_key_is_private_kept_and_found_beside_the_credentials(tmp_path, credentials_file):
    path = tmp_path / "gov24.key.json"
    public = make_key(path)
    first = path.read_bytes()
    assert public == tmp_path / "gov24.jwks.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    published = json.loads(public.read_text("utf-8"))["keys"]
    assert make_key(path) == public
    assert path.read_bytes() == first
    assert json.loads(public.read_text("utf-8"))["keys"] == published
    assert [(key["alg"], key["use"], "d" in key) for key in published] == [("ES256", "sig", False)]
    found = read_credentials(credentials_file(GIVEN), zeros)
    assert found.private_key is not None
    assert found.private_key.kid == published[0]["kid"]
