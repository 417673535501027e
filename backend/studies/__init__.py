"""Blinded evaluations: two versions of the same case, rated by people who cannot know which is which."""
