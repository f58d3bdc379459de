"""What every relying service of the provider does alike: the sign-in, its checks, its pages and its start.

Authlib speaks OAuth (discovery, PKCE, token and userinfo requests). What Authlib 1.9 leaves to the service
is checked here: `iss` in the response, state before errors, the token's algorithm, audience, age and `acr`.
"""
