"""The scope values of the administration API: one for reading and one for writing, by area."""

AREAS = ("clients", "missions", "staff", "countries", "keys", "sessions", "outbox", "switches")
READ_ONLY = ("audit", "figures")
BEGINNING = "admin:"
SCOPES = frozenset(
    {f"{BEGINNING}{area}.{act}" for area in AREAS for act in ("read", "write")}
    | {f"{BEGINNING}{area}.read" for area in READ_ONLY}
)
