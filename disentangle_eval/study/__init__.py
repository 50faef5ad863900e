"""Many runs: studies of models, settings and seeds, what their runs are, and how their scores compare."""
