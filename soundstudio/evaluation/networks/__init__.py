"""The networks whose features and class scores the metrics are computed on."""
