r"""One class per registered OAuth error; what the client reads and what the log reads are different fields.

Codes are those of the IANA "OAuth Extensions Error" registry and of the specifications cited; a test compares.
`error_description` is ASCII without `"` and `\` (RFC 6749 §4.1.2.1, §5.2): people get pages, clients get this.
"""

from typing import ClassVar


class OAuthError(Exception):
    """An OAuth error. `public` goes to the client; `detail` to the log only."""

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    public: ClassVar[str] = "The request is malformed."

    def __init__(self, detail: str = "", *, public: str | None = None) -> None:
        """`public` replaces the class's sentence where the client needs to know more; it must be ASCII."""
        self.detail = detail
        self.description = public or type(self).public
        super().__init__(detail or self.description)


class InvalidRequest(OAuthError):
    """RFC 6749 §4.1.2.1, §5.2."""


class UnauthorizedClient(OAuthError):
    """RFC 6749 §4.1.2.1, §5.2."""

    code = "unauthorized_client"
    public = "The client may not use this method."


class AccessDenied(OAuthError):
    """RFC 6749 §4.1.2.1: the person, or the provider on their behalf, said no."""

    code = "access_denied"
    public = "The request was declined."


class UnsupportedResponseType(OAuthError):
    """RFC 6749 §4.1.2.1."""

    code = "unsupported_response_type"
    public = "Only response_type=code is supported."


class InvalidScope(OAuthError):
    """RFC 6749 §4.1.2.1, §5.2."""

    code = "invalid_scope"
    public = "None of the requested scopes can be granted to this client."


class TemporarilyUnavailable(OAuthError):
    """RFC 6749 §4.1.2.1."""

    code = "temporarily_unavailable"
    status = 503
    public = "Try again later."


class InvalidClient(OAuthError):
    """RFC 6749 §5.2. One text for unknown, wrong, disabled and another method: it must not tell which."""

    code = "invalid_client"
    status = 401
    public = "Client authentication failed: unknown client, wrong credential, or another method than is registered."


class InvalidGrant(OAuthError):
    """RFC 6749 §5.2."""

    code = "invalid_grant"
    public = "The grant is invalid, expired, revoked, or was issued to another client."


class UnsupportedGrantType(OAuthError):
    """RFC 6749 §5.2."""

    code = "unsupported_grant_type"
    public = "This grant type is not supported."


class InvalidToken(OAuthError):
    """RFC 6750 §3.1."""

    code = "invalid_token"
    status = 401
    public = "The access token is invalid or expired."


class InsufficientScope(OAuthError):
    """RFC 6750 §3.1."""

    code = "insufficient_scope"
    status = 403
    public = "The access token does not carry the scope openid."


class InvalidDpopProof(OAuthError):
    """RFC 9449 §5, §7.1."""

    code = "invalid_dpop_proof"
    public = "The DPoP proof is missing or not acceptable."


class UseDpopNonce(OAuthError):
    """RFC 9449 §8, §9."""

    code = "use_dpop_nonce"
    public = "The DPoP proof needs the nonce of the DPoP-Nonce header."


class AuthorizationPending(OAuthError):
    """RFC 8628 §3.5."""

    code = "authorization_pending"
    public = "The person has not answered yet."


class SlowDown(OAuthError):
    """RFC 8628 §3.5: as authorization_pending, and five seconds more between two questions."""

    code = "slow_down"
    public = "Ask less often: wait five seconds longer each time."


class ExpiredToken(OAuthError):
    """RFC 8628 §3.5."""

    code = "expired_token"
    public = "The device code has expired."


class LoginRequired(OAuthError):
    """OpenID Connect Core 1.0 §3.1.2.6."""

    code = "login_required"
    public = "The person must sign in."


class InteractionRequired(OAuthError):
    """OpenID Connect Core 1.0 §3.1.2.6."""

    code = "interaction_required"
    public = "The person must act on a page."


class ConsentRequired(OAuthError):
    """OpenID Connect Core 1.0 §3.1.2.6."""

    code = "consent_required"
    public = "The person must give consent."


class InvalidRequestObject(OAuthError):
    """RFC 9101 §6, OpenID Connect Core 1.0 §3.1.2.6. One text: what is wrong with a signature helps only a forger."""

    code = "invalid_request_object"
    public = "The request object is malformed, expired, not for this issuer, or not signed with a registered key."


class InvalidRequestUri(OAuthError):
    """RFC 9126 §4, OpenID Connect Core 1.0 §3.1.2.6."""

    code = "invalid_request_uri"
    public = "The request_uri is unknown, used, expired, or was issued to another client."


class RequestUriNotSupported(OAuthError):
    """OpenID Connect Core 1.0 §3.1.2.6."""

    code = "request_uri_not_supported"
    public = "Only a request_uri of the pushed authorization request endpoint is supported."


class InvalidTarget(OAuthError):
    """RFC 8707 §2."""

    code = "invalid_target"
    public = "A resource is malformed, or is not one that this client may ask for."


class InvalidAuthorizationDetails(OAuthError):
    """RFC 9396 §5."""

    code = "invalid_authorization_details"
    public = "authorization_details is malformed, or of a type or value that this client may not ask for."


class RegistrationNotSupported(OAuthError):
    """OpenID Connect Core 1.0 §3.1.2.6."""

    code = "registration_not_supported"
    public = "The registration parameter is not supported."


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2."""

    code = "unmet_authentication_requirements"
    public = "The requested assurance level cannot be met."


class InvalidRedirectUri(OAuthError):
    """RFC 7591 §3.2.2."""

    code = "invalid_redirect_uri"
    public = "A redirect URI is not acceptable."


class InvalidClientMetadata(OAuthError):
    """RFC 7591 §3.2.2."""

    code = "invalid_client_metadata"
    public = "The client metadata is not acceptable."


class InvalidSoftwareStatement(OAuthError):
    """RFC 7591 §3.2.2."""

    code = "invalid_software_statement"
    public = "The software statement is not valid."


class UnapprovedSoftwareStatement(OAuthError):
    """RFC 7591 §3.2.2."""

    code = "unapproved_software_statement"
    public = "The issuer of the software statement is not approved here."


class UnsupportedTokenType(OAuthError):
    """RFC 7009 §2.2.1."""

    code = "unsupported_token_type"
    public = "This token type cannot be revoked."
