"""The tests of delivery, and the worker processes that they kill (`processes`).

A worker needs some rooms and not the wiring of the whole house in `idp/__init__.py`, which takes a second to import and
which every one of those processes would import anew. Where nobody did yet, `idp` is here a package without it.
"""

import sys
from pathlib import Path
from types import ModuleType

if "idp" not in sys.modules:
    rooms = ModuleType("idp")
    rooms.__path__ = [str(Path(__file__).parents[2] / "idp")]
    sys.modules["idp"] = rooms
