"""The kinds of hand that the journeys are walked with: a mouse, the keyboard alone, a thumb on a small phone, a browser without JavaScript."""

from typing import Any

from playwright.sync_api import Locator, Page, expect

SMALL = {"width": 360, "height": 740}
HANDS: dict[str, dict[str, Any]] = {
    "mouse": {},
    "keyboard": {},
    "phone": {"viewport": SMALL, "has_touch": True, "is_mobile": True},
    "no-javascript": {"java_script_enabled": False},
}


def tab_to(page: Page, found: Locator, most: int = 120) -> None:
    """Press Tab until the thing itself has the focus: what stands in the page's text may be anywhere in it."""
    expect(found).to_be_visible()
    for _ in range(most):
        if found.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{found} cannot be reached by keyboard")


class Hand:
    """Presses and types as its owner can; whoever sees differs only in that."""

    def __init__(self, kind: str, page: Page) -> None:
        self.kind, self.page = kind, page

    def press(self, name: str, role: Any = "link", *, exact: bool = False, within: Locator | None = None) -> None:
        found = (within or self.page).get_by_role(role, name=name, exact=exact).first
        if self.kind == "keyboard":
            tab_to(self.page, found)
            self.page.keyboard.press("Enter")
        elif self.kind == "phone":
            found.tap()
        else:
            found.click()

    def type(self, label: str, text: str) -> None:
        found = self.page.get_by_label(label)
        if self.kind == "keyboard":
            tab_to(self.page, found)
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        else:
            found.fill(text)

    def choose(self, label: str, option: str) -> None:
        found = self.page.get_by_role("combobox", name=label)
        if self.kind == "keyboard":
            tab_to(self.page, found)
            self.page.keyboard.type(option)
        else:
            found.select_option(option)

    def pick(self, label: str) -> None:
        """One of several round buttons."""
        found = self.page.get_by_role("radio", name=label)
        if self.kind == "keyboard":
            self.page.keyboard.press("Tab")  # of several, the keyboard reaches the first, and goes on by arrows
            for _ in range(10):
                self.page.keyboard.press("Space")
                if found.is_checked():
                    return
                self.page.keyboard.press("ArrowDown")
            raise AssertionError(f"{found} cannot be picked by keyboard")
        found.check()

    def dates(self, label: str, year: int, month: int, day: int) -> None:
        found = self.page.get_by_label(label)
        if self.kind == "keyboard":
            tab_to(self.page, found)
            self.page.keyboard.type(f"{month:02}{day:02}{year}")  # as an American browser asks for it
        else:
            found.fill(f"{year}-{month:02}-{day:02}")

    def attach(self, label: str, name: str, text: str) -> None:
        found = self.page.get_by_label(label)
        with self.page.expect_file_chooser() as asked:  # told to the browser without waiting: Space alone would be there first
            if self.kind == "keyboard":
                tab_to(self.page, found)
                self.page.keyboard.press("Space")
            else:
                found.click()
        asked.value.set_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})

    def reads(self, sentence: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(sentence)
        if self.kind == "phone":
            assert self.page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
