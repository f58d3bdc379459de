"""Programs of this machine that some tests need: where they are missing a person is told, and CI fails."""

import os
import shutil

import pytest


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip, loudly, where a program is missing. With CI set the test runs all the same, and fails."""
    missing = [name for name in names if not shutil.which(name)]
    return pytest.mark.skipif(bool(missing) and not os.environ.get("CI"), reason=f"NOT RUN: no {', '.join(missing)}")
