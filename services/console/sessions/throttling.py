"""Says how long the next password must wait after some that were wrong. Pure.

A name may be mistyped five times, an address (an office may share one) twenty times; then each further failure doubles the wait, up to five
minutes, and an hour without a failure forgets them. So a name is tried at most about 300 times a day, from however many addresses.

A browser in which the person has signed in before waits for its own failures alone, so nobody locks others out by trying their names
(device cookies: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
"""

from datetime import datetime, timedelta

NAME, ADDRESS = 5, 20  # failures that cost nothing
LONGEST = timedelta(minutes=5)
FORGOTTEN = timedelta(hours=1)


def pause(failures: int, free: int) -> timedelta:
    """Returns how long the next try must wait after so many failures, of which so many cost nothing."""
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 20)), LONGEST)


def counted(failures: int, failed_at: datetime, now: datetime) -> int:
    """Returns how many failures there are with a further one."""
    return 1 if now - failed_at > FORGOTTEN else failures + 1
