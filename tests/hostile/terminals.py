"""Texts with control sequences that harm a terminal: one of each kind, and what none of them may leave in a terminal or a log line."""

import unicodedata

HOSTILE = {
    "colours (CSI)": "\x1b[31mred\x1b[0m",
    "clears the screen": "\x1b[2J\x1b[H",
    "title (OSC)": "\x1b]0;owned\x07",
    "hyperlink (OSC 8)": "\x1b]8;;http://evil.example\x1b\\sign in\x1b]8;;\x1b\\",
    "clipboard (OSC 52)": "\x1b]52;c;ZXZpbA==\x07",
    "asks the terminal (DCS)": "\x1bP$qm\x1b\\",
    "8-bit control (C1)": "\x9b31mred \x9d0;owned\x9c",
    "overwrites": "fine\x08\x08\x08\x08evil\revil",
    "forged line": "fine\n2026-01-01 00:00:00 CRITICAL forged",
    "other line ends": "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g",
    "turned around (bidi)": "\u202egnp.exe \u2066a\u2069 \u061c",
    "zero width": "pay\u200bment\u2060 \ufeff\u00ad\u200d",
    "ignorable": "a\ufe0f\u034f\u3164\u115f\U000e0101\U000e0041",
    "half a character (surrogate)": "a\ud800b\udcff",
    "no character": "\ufffe\U0010ffff\ue000",
    "markup": "[red]red[/red] [link=http://evil.example]sign in[/link] [blink]",
    "unclosed markup": "[/] [/bold] [link",
    "formats": "%s %(name)s %d {0} {self.__class__} ${x}",
    "long": "x" * 300_000,
    "NUL": "a\x00b",
}


def unseen(text: str, keep: str = "\n") -> set[str]:
    """Returns the characters of a text that show nothing, or move what is shown."""
    zero_width_marks = {"\ufe0f", "\u034f", "\u3164", "\u115f", "\U000e0101"}
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {each for each in set(text) if each not in keep and (unicodedata.category(each) in hidden or each in zero_width_marks)}
