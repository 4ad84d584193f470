"""What the commands make of a project, told as stories."""
