"""Signature Version 4 against the example that AWS publishes (`post-x-www-form-urlencoded`)."""

from datetime import UTC, datetime

from idp.telephony.gateways.sigv4 import signed_headers


def test_the_published_example_is_signed_as_published():
    headers = signed_headers(
        url="https://example.amazonaws.com/",
        body=b"Param1=value1",
        content_type="application/x-www-form-urlencoded",
        service="service",
        zone="us-east-1",
        key_id="AKIDEXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        now=int(datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()),
    )
    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    )
