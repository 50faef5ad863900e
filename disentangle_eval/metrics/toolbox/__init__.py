"""Parts of metrics, for built-in ones and plugins: samples, votes, classes, information, encoded images."""
