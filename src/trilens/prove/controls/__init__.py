"""The shared control catalogue: data, and the loader that reads it. Guards, probes and packs meet here and nowhere else."""
