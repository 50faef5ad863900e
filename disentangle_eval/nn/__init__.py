"""Parts of networks and losses that models share: built-in ones and anybody's."""
