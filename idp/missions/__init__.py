"""Diplomatic missions: where credentials are issued, the cases at their counters, and the evidence of identity."""
