"""Training a small StereoSpike on synthetic scenes, and its accuracy: `python -m examples.stereospike_training.train`."""
