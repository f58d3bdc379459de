"""The key of a service that signs its token requests: made once, its public half given to the provider."""

import json
from pathlib import Path

from joserfc.jwk import ECKey

from clients.relying_party.credentials import write_private


def make_key(path: Path) -> Path:
    """Make the P-256 key `NAME.key.json` unless it exists; returns its public `NAME.jwks.json`."""
    if not path.exists():
        made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        write_private(path, json.dumps(made.as_dict(private=True)).encode())
    key = ECKey.import_key(json.loads(path.read_text("utf-8")))
    public = path.with_name(path.name.removesuffix(".json").removesuffix(".key") + ".jwks.json")
    unfinished = public.with_suffix(".new")
    unfinished.write_text(json.dumps({"keys": [key.as_dict(private=False)]}, indent=2) + "\n", "utf-8")
    unfinished.replace(public)
    return public
