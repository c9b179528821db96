"""Do the places that keep DVC's bytes hold what the records say, and nothing that was erased?"""
