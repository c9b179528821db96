"""Does each model reach the bounds set for it?"""
