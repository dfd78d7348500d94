"""Statistics as pure functions on counts and sums: no Django, no Ibis, no rows."""
