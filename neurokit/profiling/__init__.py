"""What a run did and would cost on the chip: counts, energy, time, parity, and the report of all of it."""
