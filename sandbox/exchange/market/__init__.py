"""Where prices come from: files or a seed, re-stamped so that they look as if they happened just now."""
