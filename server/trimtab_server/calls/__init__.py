"""The calls that gRPC knows: one table of methods, and thin handlers above dispatch."""
