"""How a verdict looks: one module a format, each a function from a report to text."""
