"""From a subject and a metric's protocol to results."""
