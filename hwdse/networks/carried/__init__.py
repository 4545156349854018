"""Reads weights that packages of others carry, without those packages: one module for each format.

All of them give float32 arrays by name. No code of a file is run, and sizes are checked before
anything is allocated.
"""
