"""Processes of neurokit's own, and nothing else: Lava executes each file of this folder at every compile."""
