"""A small StereoSpike, trained on synthetic scenes (`train`), and what it is worth (`accuracy`)."""
