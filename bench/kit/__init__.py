"""What the benchmarks in the folder above are made of."""
