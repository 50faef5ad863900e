"""What everything that computes rests on: devices, randomness, memory and files."""
