"""What happens to databases and scripts when a process dies, a disk fails, or many run at once."""
