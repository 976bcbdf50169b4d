"""Column generation (Gilmore-Gomory, Dantzig-Wolfe): all that a host holds is chosen at once, at prices of a master."""
