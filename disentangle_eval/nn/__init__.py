"""Parts of networks and losses that models share: for built-in models and plugins."""
