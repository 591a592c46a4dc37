"""How long a test waits for what has to come: a wait that ends early costs nothing, and a busy machine takes its time."""

PATIENCE = 120.0
"""seconds; only what never comes takes them. A test whose point is that something comes soon has a bound of its own"""
