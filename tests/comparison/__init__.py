"""What other tools do to the same databases."""
