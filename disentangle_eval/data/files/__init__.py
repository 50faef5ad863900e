"""Files of data sets: their formats, caches, downloads and checksums."""
