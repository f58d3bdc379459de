"""Everything that is secret: master secrets and the keys derived from them, sealing, and the signing keys.

Keys are separate per purpose and versioned (design law 7). JOSE is spoken in one file only, jose.py.
"""
