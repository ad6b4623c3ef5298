"""Stand-in: what lava-nc 0.10.0 imports of lava-loihi (magma/core/run_configs.py)."""


class AbstractNcProcessModel:
    """A model on neurocores. Here the models behind it are Lava's Python models."""
