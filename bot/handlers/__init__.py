"""Handlers: parse, ask the engine, show a screen. Thin on purpose."""
