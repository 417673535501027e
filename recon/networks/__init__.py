"""Networks that predict which bone a point belongs to."""
