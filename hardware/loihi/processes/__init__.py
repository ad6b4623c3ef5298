"""Lava Processes at the board's host: Lava's compiler executes every file here."""
