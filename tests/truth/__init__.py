"""Networks that others trained and recordings that others made: what neurokit computes must be equal to them.

Everything goes through the public API. Tests skip where the data (see `tests/data.py`) are absent.
"""
