"""The WSGI entry for any server: `wsgi:app`, configured by IDP_CONFIG and IDP_* in the environment."""

import gc

from idp import create_app
from idp.journal import write_json_log
from idp.settings import load_settings

settings = load_settings()
write_json_log(settings.log_level)
app = create_app(settings)
# What is here now stays: a collection need not look at it again, request after request.
gc.collect()
gc.freeze()
