"""Every way in which an assertion is none, as the software authenticators of the tests make it (abuse cases W)."""

FALSIFIED = {
    "W-01 challenge": {"challenge": "AAAA"},
    "W-02 origin": {"client_origin": "https://evil.example"},
    "W-02 rp": {"rp_id": "evil.example"},
    "W-03 frame": {"cross_origin": True},
    "W-04 no user verification": {"flags": 0x01},
    "W-04 no presence": {"flags": 0x04},
    "W-09 backed up without being eligible": {"flags": 0x15},
    "signature": {"signature": b"x" * 70},
    "user handle": {"user_handle": b"y" * 64},
}
