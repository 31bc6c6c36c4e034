"""Virtual channels, sans-I/O: static (chunking), dynamic, and one module or folder a channel, named as on the wire."""
