"""The audit of a branch: what landed, what was said of it, and how both fit together."""
