"""Verification of co-processors: random jobs, what memory holds before and after, the bench."""
