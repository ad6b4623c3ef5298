"""e-prop in floats: networks run, their gradients by e-prop and by backpropagation through time, and training."""
