"""Any object or file as one table."""
