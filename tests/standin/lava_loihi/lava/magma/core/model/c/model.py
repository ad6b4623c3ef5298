"""Stand-in: what lava-nc 0.10.0 imports of lava-loihi (magma/core/run_configs.py)."""


class AbstractCProcessModel:
    """A model on embedded processors."""


class CLoihiProcessModel(AbstractCProcessModel):
    """The same, for Loihi's protocol."""
