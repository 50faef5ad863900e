"""Pictures of models and data sets, and plots of runs, as arrays and figures that become files."""
