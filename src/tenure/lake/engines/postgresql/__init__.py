"""PostgreSQL as a live lake: the same statements, translated; the same tables, with indexes."""
