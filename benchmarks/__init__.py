"""mockapi beside the real thing in the same run, as ratios: `python -m benchmarks.api`, `.pods`."""
