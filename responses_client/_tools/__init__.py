"""Functions as tools of a model: their definitions, their arguments, and their outputs as items."""
