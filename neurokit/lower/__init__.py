"""Lowering: from a Network's floats and seconds to a Program's integers and steps."""
