"""Converters: one file a source format, each gives a `neurokit.graph.Network`.

The folder lies at the top of the repository; its import name is `neurokit.converters`.
"""

if __name__ != "neurokit.converters":
    raise ImportError(f"{__name__!r} is only a folder of neurokit: write `import neurokit.converters` instead.")
