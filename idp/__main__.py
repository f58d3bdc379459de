"""`python -m idp` is the `idp` command."""

from idp.command import main

main(prog_name="idp")
