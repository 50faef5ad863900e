"""What strangers bring to be scored: programs, callables, networks by name and tables, each as a model or a table."""
