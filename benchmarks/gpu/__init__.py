"""Open models on a GPU: `python -m benchmarks.gpu`."""
