"""A service that answers with one model, known by its digest, and with no other."""
