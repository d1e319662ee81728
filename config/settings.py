"""Django's settings, flat. Every mistake in the environment and in the blogs' files is collected and told at once."""

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.apps import read_apps
from config.blog import read_blogs
from config.database import database
from config.env import Env
from config.keys import encryption_keys, signing_keys
from config.logs import LEVELS, logging
from config.relays import Relays, live_mail_mistakes, read_dkim, read_mailboxes, read_relays

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(os.environ)


# What the operator says -------------------------------------------------------------------------------------------------

POSTLARK_DATA = env.path("POSTLARK_DATA", BASE_DIR / "var")
POSTLARK_BLOGS = env.path("POSTLARK_BLOGS", BASE_DIR / "config" / "blogs")
try:
    POSTLARK_DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=POSTLARK_DATA).close()
except OSError as error:
    raise ImproperlyConfigured(f"POSTLARK_DATA names {POSTLARK_DATA}, where nothing can be written: {error.strerror}.") from None

LISTEN = env.address("LISTEN", "127.0.0.1:8000")
PUBLIC_URL = env.site("PUBLIC_URL", f"http://127.0.0.1:{LISTEN[1]}")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
LEASE = env.duration("LEASE", "120s", least="1s", most="1d")
SWEEP = env.duration("SWEEP", "15s", least="1s", most="1h")
BROKER_URL = env.url("BROKER_URL", "", ("redis", "rediss", "redis+socket"))
POSTLARK_LOG = env.choice("POSTLARK_LOG", "info", LEVELS)
RELAYS: Relays = read_relays(env)
MAILBOXES = read_mailboxes(env)
DKIM = read_dkim(env)
_signing = signing_keys(env, POSTLARK_DATA, datetime.now(UTC).date())
SECRET_KEY, SECRET_KEY_FALLBACKS, ADDRESS_KEY, KEPT_SECRET_KEY = _signing.now, _signing.older, _signing.addresses, _signing.file
POSTLARK_KEYS, KEPT_POSTLARK_KEYS = encryption_keys(env, POSTLARK_DATA)
APPS = read_apps(env)

DATABASES = {"default": database(env, POSTLARK_DATA)}

BLOGS, _wrong = read_blogs(POSTLARK_BLOGS)
_wrong += live_mail_mistakes(BLOGS.values(), RELAYS, PUBLIC_URL)
if env.mistakes or _wrong:
    raise ImproperlyConfigured("\n".join(dict.fromkeys(env.mistakes + _wrong)))

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
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "worker" / "console" / "static"]
WHITENOISE_USE_FINDERS = True  # served from where they lie: nothing to collect before a start
LOGGING_CONFIG = None
logging(POSTLARK_LOG)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "worker",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "worker.console.language.Speaks",
    "worker.console.access.ReadersChangeNothing",
    "worker.console.errors.NotByThisWay",
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

# The console's doors ----------------------------------------------------------------------------------------------------

LOGIN_URL = "sign-in"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "worker.console.errors.not_from_here"
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_URL))]  # behind a proxy that ends TLS we see http
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Who guesses passwords waits a quarter of an hour, for that address from that place: nobody can lock the office out from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_USERNAME_FORM_FIELD = "username"  # the name that `authenticate` is called with, by which a guess is counted
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "worker.console.sign_in.too_many"
AXES_CLIENT_IP_CALLABLE = "worker.console.access.client_address"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
