"""Column generation (Gilmore-Gomory, Dantzig-Wolfe): hosts get whole contents, priced by a master linear program."""
