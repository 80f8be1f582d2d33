"""Two sets of sounds to scores: metrics are pure functions of features."""
