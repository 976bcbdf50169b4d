"""The service and the command line of trimtab: everything that knows the wire, files or a terminal."""
