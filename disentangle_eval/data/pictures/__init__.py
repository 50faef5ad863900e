"""Pictures of any size and format as a data set: found in a folder or an archive, decoded on all cores, kept packed.

Nothing here is imported at once, since the processes that decode need neither torch nor the settings.
"""
