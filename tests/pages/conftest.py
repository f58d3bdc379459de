"""What several files of the staff pages share: an installation for the console, and one for the workbench."""

import pytest

from idp.staff.roles import Role
from tests.ground import copy_ground
from tests.sandboxes import open_sandbox
from tests.staff.colleagues import appoint, at_desk, open_missions


@pytest.fixture(scope="module")
def office(template, tmp_path_factory):
    """An installation whose missions issue."""
    made = copy_ground(template, tmp_path_factory.mktemp("console"))
    open_missions(made)
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def people(office):
    """Somebody in every role, each signed in."""
    return {role: (one := appoint(office, role, name=role.value), at_desk(office, one)) for role in Role}


@pytest.fixture(scope="module")
def workbench(template, tmp_path_factory):
    """An installation for engineers."""
    made = copy_ground(template, tmp_path_factory.mktemp("workbench"))
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def box(workbench):
    """One sandbox client for what changes nothing that others look at."""
    return open_sandbox(workbench)
