"""What is known before anything is judged: places, ledgers, replays and models, read as asked."""
