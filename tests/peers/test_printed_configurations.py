"""The configurations that `idp client configuration` prints, run exactly as they are printed: what is quickly had.

The others are in test_printed_elsewhere.py; Apache's is a part of test_mod_auth_openidc.py.
"""

import sys

from tests.peers.printed import application, refusals, signed_in
from tests.peers.test_openid_client import node_major


def test_authlib_flask_as_printed(there, tmp_path):
    port, file = there.place.port + 5, tmp_path / "app.py"
    command = [sys.executable, "-m", "flask", "--app", str(file), "run", "--port", str(port)]
    with application(there, tmp_path, "authlib-flask", port, file, command) as address:
        signed_in(there, address)
        refusals(there, address)


def test_django_as_printed(there, tmp_path, django_folder):
    port, file = there.place.port + 7, tmp_path / "app.py"
    command = [sys.executable, str(file), "runserver", "--noreload", str(port)]  # one process, which can be ended
    with application(there, tmp_path, "django", port, file, command, PYTHONPATH=str(django_folder)) as address:
        signed_in(there, address)
        refusals(there, address)


def test_openid_client_as_printed(there, tmp_path, node_folder):
    port, file = there.place.port + 6, node_folder / "printed.mjs"
    flags = ["--experimental-global-webcrypto"] if node_major() < 20 else []
    command = ["node", *flags, str(file)]
    with application(there, tmp_path, "openid-client", port, file, command) as address:
        signed_in(there, address)
        refusals(there, address)
