"""Bundles: folders that take Programs, inputs and what is expected to a board, and compare what comes back."""
