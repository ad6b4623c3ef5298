"""Conformance: what a Program means, put to any backend, and how far the backend agrees.

`interpreter` runs a Program the slow, plain way and shares no code with any backend but the integer rules of
`lower/fixedpoint`; `cases`, `generator` and `truths` make the Programs, `running` compares, `suite` counts.
"""
