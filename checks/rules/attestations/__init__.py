"""Were the statements of machines signed by machines?"""
