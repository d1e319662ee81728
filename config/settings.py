"""Django's settings, flat. Every mistake in the environment and in the blogs' files is collected and told at once."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.blog import read_blogs
from config.database import database
from config.env import Env
from config.logs import logging

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(os.environ)


def _kept_secret(name: str) -> str:
    """From the environment, else made once and kept in the data folder (readable by its owner only)."""
    value = env.text(name)
    if value or env.text("DATABASE_URL"):
        return value
    file = POSTLARK_DATA / name.lower()
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
    return file.read_text().strip()


# What the operator says -------------------------------------------------------------------------------------------------

POSTLARK_DATA = env.path("POSTLARK_DATA", BASE_DIR / "var")
POSTLARK_BLOGS = env.path("POSTLARK_BLOGS", BASE_DIR / "config" / "blogs")
try:
    POSTLARK_DATA.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"POSTLARK_DATA names {POSTLARK_DATA}, which cannot be made: {error.strerror}.") from None

PUBLIC_URL = env.url("PUBLIC_URL", "http://127.0.0.1:8000", ("https", "http")).rstrip("/")
LISTEN = env.address("LISTEN", "127.0.0.1:8000")
TRUSTED_PROXIES = env.text("TRUSTED_PROXIES").split()
LEASE = env.duration("LEASE", "120s")
SWEEP = env.duration("SWEEP", "15s")
BROKER_URL = env.url("BROKER_URL", "", ("redis", "rediss", "redis+socket"))
EMAIL_URLS = env.matching(r"EMAIL_URL(?:_[A-Z0-9_]+?)?")
SECRET_KEY = _kept_secret("SECRET_KEY")

DATABASES = {"default": database(env, POSTLARK_DATA)}
if env.text("DATABASE_URL") and not SECRET_KEY:
    env.mistakes.append(
        "SECRET_KEY is missing; with DATABASE_URL set, every process needs the same one. Make one with: openssl rand -base64 48"
    )

BLOGS, _wrong = read_blogs(POSTLARK_BLOGS)
if env.mistakes or _wrong:
    raise ImproperlyConfigured("\n".join(env.mistakes + _wrong))

# What Django needs ------------------------------------------------------------------------------------------------------

DEBUG = False
ALLOWED_HOSTS = ["*"]  # links are built on PUBLIC_URL, never on the Host header
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "worker.Staff"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "worker" / "console" / "static"]
LOGGING_CONFIG = None
logging(os.environ.get("POSTLARK_LOG", "info"))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "worker",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "worker.lib.templates.environment",
            "context_processors": ["django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"],
        },
    },
]
