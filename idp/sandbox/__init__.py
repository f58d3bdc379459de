"""The sandbox: test citizens of a relying service's engineers, beside live in one installation and never mixed with it.

A client is `live` or `sandbox` for good. Every test citizen belongs to one sandbox client (`persons.sandbox_of`): no
other client sees them, and a sandbox client sees nobody else. They sign in through the very same steps as everybody;
their passkey is software, answers only for engineers of that client, and what is sent to their phone leaves for nobody.
"""
