"""What is scored and not trained here: programs, callables, networks by name and tables, each as a model or a table."""
