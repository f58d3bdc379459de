"""One file per way to prove who you are: the passkey of the mobile credential, the code sent to a phone.

Each says whether a proof is good and which facts it proves. Which proof comes next is the hub's to decide.
"""
