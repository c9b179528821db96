"""Are the declarations readable, complete and in force?"""
