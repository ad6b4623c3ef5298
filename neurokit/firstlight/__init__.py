"""First light: micro-programs that tell apart what silicon may do otherwise than Lava's CPU models do."""
