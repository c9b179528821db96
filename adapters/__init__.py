"""The world: work tree, Git, clock, engine, DVC. Reads and writes, decides nothing."""
