"""Learning at dendritic plateaus (behavioural time scale plasticity)."""
