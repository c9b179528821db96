"""Did the runs leave the evidence they owe, and does it add up?"""
