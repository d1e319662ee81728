"""The operator's own application at each network: TWITTER_API_KEY and TWITTER_API_SECRET, LINKEDIN_CLIENT_ID and so on."""

from collections.abc import Mapping

from config.env import Env
from worker.channels import all_channels
from worker.channels.base import App

# Each network has its own word for the same pair.
_PAIRS = (("API_KEY", "API_SECRET"), ("APP_ID", "APP_SECRET"), ("CLIENT_ID", "CLIENT_SECRET"))


def read_apps(env: Env) -> Mapping[str, App]:
    """By the channel's slug; a network without an app is left out."""
    apps = {}
    for slug in all_channels():
        for id_, secret in ((f"{slug}_{a}".upper(), f"{slug}_{b}".upper()) for a, b in _PAIRS):
            found = env.matching(f"{id_}|{secret}")
            if len(found) == 1:
                given, missing = (id_, secret) if id_ in found else (secret, id_)
                env.mistakes.append(f"{missing} is missing, though {given} is set; set both, or neither.")
            elif found:
                apps[slug] = App(found[id_], found[secret])
    return apps
