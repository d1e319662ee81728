class Refused(Exception):
    """What a person asked for can't be done: one sentence that says why, and what can. It repeats no secret."""
