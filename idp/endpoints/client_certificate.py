"""The client certificate of a request, as the TLS proxy in front of us hands it on (RFC 8705).

Its headers are believed only from the proxy itself: on a Unix socket or from this machine, and only when the settings
say that there is one. The proxy overwrites them in every request (config/nginx.conf.sample).
"""

from idp.endpoints.call import Call
from idp.protocol.client_certificate import ClientCertificate, read_certificate

THE_PROXY = frozenset({None, "", "127.0.0.1", "::1"})
"""Where a request of the proxy comes from: on a Unix socket there is no address."""


def presented_certificate(call: Call) -> ClientCertificate | None:
    """The caller's certificate, if it is valid now."""
    wired = call.wired
    if not (
        wired.settings.mtls_origin and wired.settings.behind_proxy and call.environ.get("REMOTE_ADDR") in THE_PROXY
    ):
        return None
    return read_certificate(
        call.header("X_CLIENT_CERT"),
        is_trusted=call.header("X_CLIENT_VERIFY") == "SUCCESS",
        now=wired.clock(),
    )
