"""Answers to why and why not."""
