"""Is everything in the registry one version, reviewed, with its evidence?"""
