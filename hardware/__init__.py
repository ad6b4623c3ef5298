"""Backends that run a Program: the simulator, Lava on the CPU, Loihi 2.

The folder lies at the top of the repository; its import name is `neurokit.hardware`.
"""

if __name__ != "neurokit.hardware":
    raise ImportError(f"{__name__!r} is only a folder of neurokit: write `import neurokit.hardware` instead.")
