"""Who must say yes to what, and whether they did."""
