"""What the tests are built from: a hermetic git, a project builder, placeholders for goldens."""
