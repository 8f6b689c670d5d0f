"""Reports as the RFCs' examples and well-known servers write them, about a mail of ours."""

from services.notifier.channels.email.verp import ReturnPaths
from shared.events import identity

PATHS = ReturnPaths("bounces@example.com", b"a secret")
ID = identity("i-1", "opened", "c-1")
ADA = "ada@example.org"
PATH = PATHS.return_path(ID, ADA)

RETURNED = f"""Return-Path: <{PATH}>
Date: Tue, 24 Nov 2026 12:00:00 +0000
From: Shop <support@example.com>
To: Ada <{ADA}>
Subject: checkout is failing
Message-ID: <{ID}@example.com>
Auto-Submitted: auto-generated

Hello Ada, to: bob@example.org
"""


def mail(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def dsn(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 no such user",
    to: str = PATH,
    returned: str = RETURNED,
    recipient: str = ADA,
    headers: str = "",
) -> bytes:
    """Returns a report as RFC 3464, appendix E.1, has it."""
    return mail(f"""Date: Tue, 24 Nov 2026 12:01:00 +0000
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Message-Id: <199407072116.RAA14128@CS.UTK.EDU>
Subject: Returned mail: Cannot send message for 5 days
To: <{to}>
MIME-Version: 1.0
Auto-Submitted: auto-replied
{headers}Content-Type: multipart/report; report-type=delivery-status;
 boundary="RAA14128.773615765/CS.UTK.EDU"

--RAA14128.773615765/CS.UTK.EDU

The original message was received at Sat, 2 Jul 1994 17:10:28 -0400
from root@localhost

   ----- The following addresses had delivery problems -----
<{recipient}>  (unrecoverable error)

--RAA14128.773615765/CS.UTK.EDU
Content-Type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;{recipient}
Final-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

--RAA14128.773615765/CS.UTK.EDU
Content-Type: message/rfc822

{returned}
--RAA14128.773615765/CS.UTK.EDU--
""")


def feedback(sort: str = "abuse", *, to: str = "fbl@example.com", original: str = f"Original-Mail-From: <{PATH}>\n") -> bytes:
    """Returns a complaint as RFC 5965, appendix B.2, has it."""
    return mail(f"""From: <abusedesk@example.net>
Date: Thu, 8 Mar 2005 17:40:36 EDT
Subject: FW: Earn money
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {sort}
User-Agent: SomeGenerator/1.0
Version: 1
{original}Original-Rcpt-To: <{ADA}>
Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT
Reporting-MTA: dns; mail.example.com
Source-IP: 192.0.2.1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

{RETURNED}
--part1_13d.2e68ed54_boundary--
""")


EXIM = mail(f"""Return-path: <>
Received: from Debian-exim by mx.example.org
X-Failed-Recipients: {ADA}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: {PATH}
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {ADA}
    host mx.example.org [192.0.2.7]: 550 5.1.1 <{ADA}>: Recipient address rejected

------ This is a copy of the message, including all the headers. ------

{RETURNED}""")

QMAIL = mail(f"""From: MAILER-DAEMON@mx.example.org
To: {PATH}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{ADA}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{RETURNED}""")

VACATION = mail(f"""From: Ada <{ADA}>
To: {PATH}
Subject: Auto: checkout is failing
Auto-Submitted: auto-replied (vacation)
In-Reply-To: <{ID}@example.com>

I am away until Monday. Write to bob@example.org. My status is 5.1.1 hours behind.
""")

PERSON = mail(f"""From: Ada <{ADA}>
To: {PATH}
Subject: Re: checkout is failing

Is it over?
""")
