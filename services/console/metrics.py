"""The metrics of the console, beside those that every service has."""

from prometheus_client import Counter

SIGNED_IN = Counter("forewarn_console_sign_ins_total", "People who signed in, by how.", ["via"])
SIGN_INS_FAILED = Counter("forewarn_console_failed_sign_ins_total", "Tries to sign in that failed, by why.", ["why"])
CROSSING = Counter("forewarn_console_foreign_forms_total", "Forms refused because another site may have sent them.")
HEADERS_IGNORED = Counter("forewarn_console_ignored_headers_total", "Headers that name a person, from elsewhere than the listed proxies.")

for _via in ("password", "link", "provider"):
    SIGNED_IN.labels(_via)
for _why in ("password", "throttled", "link", "provider"):
    SIGN_INS_FAILED.labels(_why)
