"""The tests of neurokit. A package, so that `tests` is ours and not the one that the Lava wheels install."""
