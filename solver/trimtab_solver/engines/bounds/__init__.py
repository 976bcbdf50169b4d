"""Lower bounds: what no plan can do better than, by counting, by prices, and by what hosts can hold in whole guests."""
