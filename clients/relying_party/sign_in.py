"""The two halves of a sign-in: sending the person to the provider, and judging what comes back."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from clients.relying_party.authorization import Asked, authorization_code, remember, single_valued, take
from clients.relying_party.credentials import Credentials
from clients.relying_party.id_token import Claims, Expected, IdTokenRefusedError
from clients.relying_party.provider import Provider
from clients.relying_party.refusals import SignInRefusedError
from clients.relying_party.service import Service
from clients.relying_party.sign_ins import SignIn, SignIns

SIGN_IN = "sign_in"
LOGOUT_STATE = "logout_state"

Session = MutableMapping[str, Any]


class RelyingParty:
    """One service's sign-ins. `session` is always the signed cookie of the browser at hand."""

    def __init__(
        self,
        service: Service,
        credentials: Credentials,
        provider: Provider,
        sign_ins: SignIns,
        *,
        clock: Callable[[], float],
        acr_values: str = "",
    ) -> None:
        self.service = service
        self.credentials = credentials
        self._provider = provider
        self._sign_ins = sign_ins
        self._clock = clock
        self._acr_values = acr_values

    def now(self) -> int:
        """Epoch seconds."""
        return int(self._clock())

    def begin(
        self,
        session: Session,
        language: str,
        *,
        max_age: int | None = None,
        prompt: str = "",
        return_to: str = "/",
        same_subject: str = "",
    ) -> str:
        """The address to send the person to (OpenID Connect Core §3.1.2.1).

        `max_age` asks for a proof no older than so many seconds, 0 for a new one; `same_subject` lets nobody
        but that person come back. Raises SignInRefusedError when the provider cannot be reached.
        """
        request = self._provider.authorization_request(
            acr_values=self._acr_values,
            max_age="" if max_age is None else str(max_age),
            prompt=prompt,
            ui_locales=language,
        )
        asked = Asked(
            nonce=request["nonce"],
            code_verifier=request["code_verifier"],
            asked_at=self.now(),
            return_to=return_to,
            max_age=max_age,
            acr_values=self._acr_values,
            prompt=prompt,
            same_subject=same_subject,
        )
        remember(session, request["state"], asked)
        return request["url"]

    def finish(self, session: Session, arguments: Mapping[str, list[str]]) -> SignIn:
        """The verified person in the answer, now signed in here. Raises SignInRefusedError otherwise."""
        answer = single_valued(arguments)
        # State first, even for an error: an answer this browser never asked for gets no say at all.
        asked = take(session, answer.get("state"), now=self.now())
        code = authorization_code(answer, self.credentials.issuer)
        tokens = self._provider.redeem(code, asked.code_verifier)
        claims = self._verify(tokens, asked)
        if asked.same_subject and claims["sub"] != asked.same_subject:
            raise SignInRefusedError("other_person")
        sign_in = SignIn(
            claims=claims,
            userinfo=self._provider.userinfo(tokens, claims["sub"]),
            asked=asked,
            id_token=tokens["id_token"],
            access_token=tokens["access_token"],
            scope=str(tokens.get("scope") or self.service.scope),
            signed_in_at=self.now(),
        )
        self._sign_ins.end(session.get(SIGN_IN))
        # A number from before the sign-in is never kept (session fixation).
        session[SIGN_IN] = self._sign_ins.add(sign_in)
        return sign_in

    def current(self, session: Session) -> SignIn | None:
        """Who is signed in here in this browser."""
        return self._sign_ins.find(session.get(SIGN_IN), now=self.now())

    def leave(self, session: Session) -> None:
        """Sign out of this service alone; the provider's session goes on."""
        self._sign_ins.end(session.pop(SIGN_IN, None))

    def leave_everywhere(self, session: Session, language: str) -> str:
        """Sign out here, and the address where the provider ends its own session, if it can be asked to."""
        sign_in = self.current(session)
        self.leave(session)
        if sign_in is None:
            return "/signed-out"
        try:
            request = self._provider.logout_request(sign_in.id_token, language)
        except SignInRefusedError:
            return "/signed-out"  # The page there says that the mobile ID may still be signed in.
        session[LOGOUT_STATE] = request["state"]
        return request["url"]

    def told_of_an_end(self, logout_token: object) -> None:
        """The provider says that a session has ended: whoever signed in here by it is signed out.

        Raises SignInRefusedError for a token that is not the provider's word, or while its keys cannot be read.
        """
        try:
            ended = self._provider.check_logout_token(logout_token)
        except IdTokenRefusedError as refused:
            raise SignInRefusedError("unverified", f"logout token: {refused.reason}") from refused
        self._sign_ins.end_of(ended.subject, ended.session)

    def left(self, session: Session, state: str | None) -> bool:
        """Whether the provider says that it ended the session we asked it to end; asked once."""
        expected = session.pop(LOGOUT_STATE, None)
        return expected is not None and state == expected

    def _verify(self, tokens: Mapping[str, Any], asked: Asked) -> Claims:
        expected = Expected(
            issuer=self.credentials.issuer,
            client_id=self.credentials.client_id,
            algorithm=self.service.id_token_algorithm,
            nonce=asked.nonce,
            access_token=tokens["access_token"],
            accepted_acr=self.service.accepted_acr,
            asked_at=asked.asked_at,
            max_age=asked.max_age,
        )
        try:
            return self._provider.check_id_token(tokens.get("id_token"), expected)
        except IdTokenRefusedError as refused:
            reason = refused.reason if refused.reason in {"acr", "auth_time"} else "unverified"
            raise SignInRefusedError(reason, f"ID token: {refused.reason}") from refused
