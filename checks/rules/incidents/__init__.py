"""Was what went wrong decided about before more goes out?"""
