"""Everything that exists only in the demonstration and in tests; production refuses to start with it.

The software authenticator, the demo phone that shows messages and answers passkey ceremonies with it, the
`idp lab` command, and the supervisor behind `./run`.
"""
