"""The paper's datasets, tables and figures."""
