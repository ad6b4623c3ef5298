"""Placement: how many cores, words of memory and axons a Program takes on a chip."""
