"""Is what has to be looked at again looked at in time?"""
