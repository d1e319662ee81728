"""What WCAG 2.2 AA asks of a page, as far as a machine can see it: https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md"""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# axe leaves out the one rule that 2.2 added. A mail in its frame is the newsletter's own business, and no script may run in there.
_OPTIONS = {"iframes": False, "rules": {"target-size": {"enabled": True}}}


def problems(page: Page) -> list[str]:
    """Each thing that is wrong, with its HTML."""
    found = Axe().run(page, options=_OPTIONS).response["violations"]
    return [f"{problem['id']}: {node['html']}" for problem in found for node in problem["nodes"]]
