"""From one schema to another: what differs, the statements that change it, and what they cost."""
