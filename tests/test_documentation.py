"""Documentation lives beside the code: what exists is listed where its reader looks, and nothing else is."""

import re

import pytest

from idp.audit.catalogue import Event
from idp.command import main
from idp.protocol import errors
from idp.protocol.errors import OAuthError
from idp.settings import ROOT, describe
from tests.ground import Ground

MACHINE_ENDPOINTS = re.compile(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", re.MULTILINE)


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def test_every_event_and_its_detail_is_in_the_catalogue_for_readers():
    rows = dict(re.findall(r"^\| `([a-z_:]+)` \| (.*) \|$", text("idp/audit/README.md"), re.MULTILINE))
    assert rows == {e.tag: ", ".join(f"`{f}`" for f in e.fields) or "–" for e in Event}


def test_every_endpoint_that_services_call_is_listed_with_its_methods(ground: Ground):
    listed = {
        path: set(methods.split(", ")) for path, methods in MACHINE_ENDPOINTS.findall(text("idp/endpoints/README.md"))
    }
    routed: dict[str, set[str]] = {}
    for rule in ground.app.url_map.iter_rules():
        ours = ground.app.view_functions[rule.endpoint].__module__.startswith("idp.endpoints")
        if ours and rule.rule != "/logout/confirm":
            routed.setdefault(rule.rule, set()).update(set(rule.methods or ()) - {"HEAD", "OPTIONS"})
    assert listed == routed


def test_every_error_a_client_can_meet_is_explained():
    listed = set(re.findall(r"^\| `([a-z_]+)` \| [0-9, –]+ \|", text("idp/endpoints/README.md"), re.MULTILINE))
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, OAuthError)]
    assert listed == {c.code for c in classes}


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_in_the_readme_and_says_what_it_does(name: str):
    assert re.search(rf"`idp {name}\b|, `{name}`", text("README.md")), f"README does not mention idp {name}"
    assert main.commands[name].get_short_help_str()


def test_every_setting_has_a_reason():
    for name, _default, why in describe():
        assert why.endswith((".", "…")), name
        assert len(why) > 10


def test_the_readme_links_to_files_that_exist():
    for path in ROOT.glob("**/README.md"):
        if {".venv", "var", "node_modules"} & set(path.parts):
            continue
        for target in re.findall(r"\]\((?!https?:|#|<)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path}: {target}"
