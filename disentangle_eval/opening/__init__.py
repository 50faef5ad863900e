"""Everything that is opened by name or path. Nothing here needs torch until it is used."""
