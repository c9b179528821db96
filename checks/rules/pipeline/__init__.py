"""Does DVC run what was designed, on what was declared?"""
