"""Do data leave when their time is over, and not before?"""
