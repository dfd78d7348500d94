"""The same definitions give the same members on every engine."""
