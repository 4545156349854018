"""Fits the analytic cost model to measured designs, and validates it on others."""
