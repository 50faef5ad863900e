"""Images on a device, the grid of factors behind them, and where they come from."""
