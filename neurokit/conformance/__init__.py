"""Conformance: what a Program means, put to any backend, and how far the backend agrees.

`interpreter` runs a Program the slow, plain way and shares no code with any backend but the integer rules of
`lower/fixedpoint`; `edges` and `generator` make the Programs, `suite` compares and counts.
"""
