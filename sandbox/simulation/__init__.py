"""The real desk in virtual time against a venue that knows everything: one seed is one day with faults.

script (what befalls) ─► world ─► process (the real Connection) ─► access (the venue, seen through faults)
                           │                                          │
                           └──────────────► oracle ◄── venue (the truth, over the pure matching)
"""
