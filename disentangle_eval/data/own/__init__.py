"""Images of the user's own, in an npz, in an HDF5 file or from the `datasets` library, and what is known of each.

Nothing here is imported at once, since settings need no torch.
"""
