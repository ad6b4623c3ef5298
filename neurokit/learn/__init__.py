"""What training on chip is measured by: a rule's weight changes on the chip beside those in floats."""
