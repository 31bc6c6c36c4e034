"""The connection, sans-I/O: configuration, framing, one module a phase, and the state machines."""
