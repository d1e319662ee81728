"""The one way the gate says no."""


class Refused(Exception):
    """`sentence` says what is missing or too long, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
