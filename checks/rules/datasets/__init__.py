"""Is every byte of training data accounted for?"""
