"""Lava 0.10 on the CPU: a Program as Lava processes, bit for bit.

`backend.LavaBackend` runs Programs, `export.to_lava` gives a process for other Lava applications. Importing this
package does not import Lava; `loading.load` does, when a Program is built. Lava executes every file beside a Process
each time it compiles, so processes and their models have the folder `processes` for themselves.
"""
