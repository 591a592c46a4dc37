"""The parts of scripts/train_shapes.py: the model's folder, what it is fed with, drawing on the GPU, and the tests between."""
