"""Tests of the converters: numbers against an independent reading, and every error message."""
