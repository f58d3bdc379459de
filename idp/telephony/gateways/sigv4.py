"""AWS Signature Version 4 of a POST request (docs.aws.amazon.com: "Create a signed AWS API request")."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signed_headers(
    *, url: str, body: bytes, content_type: str, service: str, zone: str, key_id: str, secret: str, now: int
) -> dict[str, str]:
    """The headers with which a POST of `body` to `url` (without a query) is sent at `now`."""
    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{at[:8]}/{zone}/{service}/aws4_request"
    address = urlsplit(url)
    signed = {"content-type": content_type, "host": address.netloc, "x-amz-date": at}
    names = ";".join(signed)
    canonical = "\n".join(
        (
            "POST",
            address.path or "/",
            "",
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            sha256(body).hexdigest(),
        )
    )
    to_sign = "\n".join((ALGORITHM, at, scope, sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_key(secret, at[:8], zone, service), to_sign.encode(), sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "X-Amz-Date": at,
        "Authorization": f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
    }


def _key(secret: str, day: str, zone: str, service: str) -> bytes:
    """The signing key of one day, zone and service."""
    key = f"AWS4{secret}".encode()
    for part in (day, zone, service, "aws4_request"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key
