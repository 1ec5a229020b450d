"""A Telegram of one's own: a Bot API server on this machine with a chat page in the browser and faults on demand."""
