"""How a verdict looks, from verdicts made by hand."""
