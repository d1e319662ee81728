class Refused(Exception):
    """One sentence: why this can't be done, and what can."""
