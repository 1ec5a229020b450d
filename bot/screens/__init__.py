"""Screens: pure functions from data to text and buttons, one file a screen. Nothing here asks or sends."""
