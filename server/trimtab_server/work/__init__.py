"""What a solver process does for each method. Loads the solver: the front process never imports this package."""
