"""The graph: populations joined by projections, in floats (Network) or integers (Program)."""
