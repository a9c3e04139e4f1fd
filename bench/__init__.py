"""Benchmarks a person can run. Results are ratios measured in one run: this is a noisy world."""
