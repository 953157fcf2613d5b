"""Reports for the tests of what is made of them: written by hand, or of any text at all."""

from __future__ import annotations

from hypothesis import strategies as st

from vaceprep.checks.report import FileReport
from vaceprep.contract import ROLES
from vaceprep.rules.all import BY_CODE
from vaceprep.rules.catalogue import Finding, Severity

#: Anything that a name or a message can hold: controls, lone surrogates, what XML forbids.
TEXT = st.text(
    st.one_of(
        st.characters(), st.sampled_from(":,%\r\n\t\x00\x1b<>&\"'\\/\ufffe\uffff\udc80\ud800")
    )
)
NAMES = TEXT.filter(lambda text: text not in ("", "-") and "://" not in text)


def finding(code: str = "VP101", severity: Severity | None = None, **more: str | None) -> Finding:
    """A finding of a rule."""
    rule = BY_CODE[code]
    return rule.found(more.pop("message", None) or "it is wrong", severity=severity, **more)


ANY_FINDING = st.builds(
    finding,
    st.sampled_from(sorted(BY_CODE)),
    st.sampled_from(list(Severity)),
    message=TEXT.filter(bool),
    fix=TEXT,
    pointer=st.one_of(st.none(), TEXT.map("/{}".format)),
)
ANY_FILE = st.builds(
    FileReport,
    st.one_of(NAMES, st.sampled_from(["-", "data:image/png;base64,AAAA", "https://h/ä?q=1"])),
    st.sampled_from([*ROLES, None]),
    st.none(),
    st.lists(ANY_FINDING, max_size=3).map(tuple),
)
ANY_FILES = st.lists(ANY_FILE, max_size=4)
