"""Messages of pairs of nodes, computed tile by tile: nothing of size edges × channels outlives a tile."""
