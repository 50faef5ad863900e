"""What metrics are made of, ours and a plugin's: samples, votes, classes, information, encoded images."""
