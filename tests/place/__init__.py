"""Tests of the rough placement."""
