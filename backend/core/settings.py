"""Settings, all from the environment.

With none set, one process on one machine does everything: SQLite in WAL mode, a worker thread that takes
jobs from the database, wake-ups in memory, files under ``var/``. ``DATABASE_URL``, ``REDIS_URL`` and
``CELERY_BROKER_URL`` turn the same code into PostgreSQL, Redis and Celery workers.
"""

from __future__ import annotations

from pathlib import Path

from backend.core import environment

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(environment.text("KNEE_VAR", str(ROOT / "var"))).absolute()
FRONTEND = Path(environment.text("KNEE_FRONTEND", str(ROOT / "frontend" / "dist"))).absolute()

DEBUG = environment.flag("KNEE_DEBUG", False)
SECRET_KEY = environment.secret("KNEE_SECRET_KEY", VAR / "secret_key")
# New DICOM UIDs are keyed with this: losing it means that the same original gets other UIDs.
DEIDENTIFICATION_KEY = environment.secret("KNEE_DEIDENTIFICATION_KEY", VAR / "deidentification_key")
ALLOWED_HOSTS = environment.names("KNEE_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = environment.names("KNEE_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "backend.core.apps.CoreConfig",
    "backend.accounts.apps.AccountsConfig",
    "backend.audit.apps.AuditConfig",
    "backend.cases.apps.CasesConfig",
    "backend.imaging.apps.ImagingConfig",
    "backend.jobs.apps.JobsConfig",
    "backend.planning.apps.PlanningConfig",
    "backend.exports.apps.ExportsConfig",
    "backend.studies.apps.StudiesConfig",
    "backend.studies.allocation.apps.AllocationConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "backend.core.middleware.BrowserPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "backend.core.urls"
ASGI_APPLICATION = "backend.core.asgi.application"
TEMPLATES: list[dict[str, object]] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

DATABASES = {"default": environment.database(environment.text("DATABASE_URL"), VAR / "knee.sqlite3")}

# People and sessions
AUTH_USER_MODEL = "accounts.Person"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_FAILURES_PER_PERSON = 8
LOGIN_FAILURES_PER_ADDRESS = 40
LOGIN_FAILURES_WINDOW_S = 300

HTTPS = environment.flag("KNEE_HTTPS", False)
SESSION_COOKIE_NAME = "knee_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "knee_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "backend.core.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
# Probes come from inside, past the proxy that speaks HTTPS.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Only a proxy that overwrites the header may be trusted with it.
if environment.flag("KNEE_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Files: uploads and meshes lie in Django storage under their content hash
STORAGES = {
    "default": {
        "BACKEND": environment.text("KNEE_STORAGE", "backend.core.storage.AtomicFileSystemStorage"),
        "OPTIONS": {"location": str(VAR / "files")} if not environment.text("KNEE_STORAGE") else {},
    },
}
WORKSPACES = VAR / "work"
UPLOAD_LIMIT_BYTES = int(environment.number("KNEE_UPLOAD_LIMIT_MB", 64) * 1024 * 1024)
UPLOAD_TIME_LIMIT_S = environment.number("KNEE_UPLOAD_TIME_LIMIT_S", 60)
# Address space of the process that parses an upload: a bomb ends it, not the server.
UPLOAD_MEMORY_BYTES = int(environment.number("KNEE_UPLOAD_MEMORY_MB", 4096) * 1024 * 1024)
# A CT is larger than an X-ray, and so are the meshes of a knee.
CT_UPLOAD_LIMIT_BYTES = int(environment.number("KNEE_CT_UPLOAD_LIMIT_MB", 1024) * 1024 * 1024)
CT_TIME_LIMIT_S = environment.number("KNEE_CT_TIME_LIMIT_S", 300)
CT_MEMORY_BYTES = int(environment.number("KNEE_CT_MEMORY_MB", 8192) * 1024 * 1024)
MESH_UPLOAD_LIMIT_BYTES = int(environment.number("KNEE_MESH_UPLOAD_LIMIT_MB", 256) * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# The built frontend
STATIC_URL = "/static/"
STATIC_ROOT = FRONTEND
WHITENOISE_ROOT = FRONTEND
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+-[A-Za-z0-9_-]{8}\.(js|css|woff2?|svg|png|wasm)$"

# Redis carries wake-ups, the login throttle and Celery's messages; without it memory does
REDIS_URL = environment.text("REDIS_URL")
# The channel layer waits 5 s for a message; redis-py gives up after 5 s by itself and would cut every socket.
_redis_host = {"address": REDIS_URL, "socket_timeout": 20}
CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [_redis_host]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
CACHES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# Jobs: "embedded" runs them in this process, "celery" sends them to workers
CELERY_BROKER_URL = environment.text("CELERY_BROKER_URL")
WORKER = environment.text("KNEE_WORKER", "celery" if CELERY_BROKER_URL else "embedded")
JOB_LEASE_S = environment.number("KNEE_JOB_LEASE_S", 15)
JOB_HEARTBEAT_S = environment.number("KNEE_JOB_HEARTBEAT_S", 2)
JOB_PROGRESS_S = environment.number("KNEE_JOB_PROGRESS_S", 0.4)
JOB_SWEEP_S = environment.number("KNEE_JOB_SWEEP_S", 5)
JOB_ATTEMPTS = int(environment.number("KNEE_JOB_ATTEMPTS", 3))
RECONSTRUCTION_TIME_LIMIT_S = environment.number("KNEE_RECONSTRUCTION_TIME_LIMIT_S", 600)
SOLIDS_TIME_LIMIT_S = environment.number("KNEE_SOLIDS_TIME_LIMIT_S", 120)
DESIGN_TIME_LIMIT_S = environment.number("KNEE_DESIGN_TIME_LIMIT_S", 300)
RECONSTRUCTION_RESOLUTION = int(environment.number("KNEE_RECONSTRUCTION_RESOLUTION", 256))
RECONSTRUCTION_MODEL = environment.text("KNEE_RECONSTRUCTION_MODEL") or None
CT_MODEL = environment.text("KNEE_CT_MODEL") or None
IMPORT_TIME_LIMIT_S = environment.number("KNEE_IMPORT_TIME_LIMIT_S", 300)
BLINDING_TIME_LIMIT_S = environment.number("KNEE_BLINDING_TIME_LIMIT_S", 300)
COMPARISON_TIME_LIMIT_S = environment.number("KNEE_COMPARISON_TIME_LIMIT_S", 300)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.accounts.sessions.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "backend.core.schema.Schema",
    "EXCEPTION_HANDLER": "backend.core.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Knee guides",
    "DESCRIPTION": "From two X-rays to a printable high tibial osteotomy guide.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "Role": "backend.accounts.models.Role",
        "Side": "backend.cases.models.Side",
        "CaseState": "backend.cases.models.CaseState",
        "CaseAction": "backend.cases.models.CaseAction",
        "NextStepCode": "backend.cases.models.NextStepCode",
        "View": "backend.imaging.models.View",
        "BoneName": "backend.imaging.models.BoneName",
        "BoneSetOrigin": "backend.imaging.models.Origin",
        "BoneFrame": "backend.imaging.models.Frame",
        "MeshUnits": "backend.imaging.models.Units",
        "JobKind": "backend.jobs.models.Kind",
        "JobState": "backend.jobs.models.State",
        "JobEventKind": "backend.jobs.models.EventKind",
        "PlanStatus": "backend.planning.models.Status",
        "LandmarkProvenance": "backend.planning.models.LandmarkProvenance",
        "OsteotomyKind": "backend.planning.models.Kind",
        "TuberositySide": "backend.planning.models.TuberositySide",
        "CheckStatus": "backend.exports.models.CheckStatus",
        "GuideState": "backend.exports.models.GuideState",
        "PresetGroup": "backend.exports.models.PresetGroup",
        "StudyKind": "backend.studies.models.study.StudyKind",
        "StudyState": "backend.studies.models.study.StudyState",
        "StudyArm": "backend.studies.models.study.Arm",
        "QuestionKind": "backend.studies.models.study.QuestionKind",
        "PressKind": "backend.studies.models.records.TimeEventKind",
        "SignatureMeaning": "backend.studies.closing.Meaning",
        "OfflineActKind": "backend.studies.replay.ActKind",
        "HealthStatus": "backend.core.health.HealthStatus",
        "PartStatus": "backend.core.health.PartStatus",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("KNEE_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}
