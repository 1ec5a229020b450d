"""What is foreign or dangerous to hold runs in a process of its own, with limits (law 16).

In come a module to run, its words and questions; out go answers, checked by whoever asked. A worker that hangs, ends,
eats memory or answers nonsense is killed with all that it started, and may begin again after a cool-down. It has no
secret: an empty environment, no file of ours but its own socket, and nothing of our memory.
"""
