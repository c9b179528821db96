"""Does a version reach more people one tried step at a time, with a way back?"""
