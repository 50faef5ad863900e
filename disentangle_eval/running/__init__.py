"""From plans to trained runs."""
