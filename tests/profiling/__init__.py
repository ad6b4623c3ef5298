"""Tests of counts, energy, parity and the report."""
