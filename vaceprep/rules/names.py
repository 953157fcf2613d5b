"""Resolve the names of rules in options and configurations to codes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vaceprep.rules.all import BY_CODE, RULES
from vaceprep.rules.catalogue import Severity, UnknownRule


def weights_of(pairs: Iterable[tuple[str, Severity]], spared: Iterable[str]) -> dict[str, Severity]:
    """Return severities by code for pairs of a name, as ``resolve`` takes it, and a severity.

    More specific names win, in any order; ``spared`` codes need their slug or full code. Raises
    UnknownRule.
    """
    found: dict[str, tuple[int, Severity]] = {}
    kept = frozenset(spared)
    for name, weight in pairs:
        codes = resolve([name])
        for code in codes if len(codes) == 1 else codes - kept:
            if code not in found or len(codes) <= found[code][0]:
                found[code] = len(codes), weight
    return {code: weight for code, (_, weight) in found.items()}


def containing(name: str) -> list[str]:
    """Return the slugs that contain all words of a name, in the order of their codes."""
    words = _words(name)
    slugs = [rule.slug for rule in RULES]
    return [slug for slug in slugs if words and all(word in slug for word in words)]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def nearest(name: str) -> list[str]:
    """Return at most six suggestions for a name: slugs with all of its words, or the closest."""
    from difflib import get_close_matches

    words = _words(name)
    slugs = [rule.slug for rule in RULES]
    found = containing(name)
    if not found:
        parts = {part for slug in slugs for part in slug.split("-")}
        close = {near for word in words for near in get_close_matches(word, parts, 1, 0.75)}
        found = get_close_matches(name.lower(), slugs, 1) or [
            slug for slug in slugs if close and close <= set(slug.split("-"))
        ]
    return (found or get_close_matches(name.upper(), BY_CODE, 1))[:6]


def resolve(names: Iterable[str]) -> frozenset[str]:
    """Return codes for slugs (``video-fps``), codes (``VP103``) and prefixes (``VP1``, ``VP10``).

    Names may be comma-separated; case does not matter. Raises UnknownRule.
    """
    slugs = {rule.slug: rule.code for rule in RULES}
    codes: set[str] = set()
    for name in (part.strip() for joined in names for part in joined.split(",")):
        if not name:
            continue
        if name.lower() in slugs:
            codes.add(slugs[name.lower()])
            continue
        upper = name.upper()
        matching = {c for c in BY_CODE if upper.startswith("VP") and c.startswith(upper)}
        if not matching:
            near = nearest(name)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UnknownRule(f"no rule is called {name!r}{hint} (see: vaceprep rules)")
        codes |= matching
    return frozenset(codes)
