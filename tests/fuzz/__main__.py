"""``python -m tests.fuzz``: broken inputs by the thousand, and the figures of what came of them.

Without ``--inputs`` and ``--minutes``: one minute. Exit code 1 where a promise did not hold; each
offending input is kept with what made it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from tests.fuzz import trace
from tests.fuzz.crew import PATIENCE, Answer, Crew
from tests.fuzz.figures import Figures
from tests.fuzz.mutate import Case, mutant, truncation

#: Offences that are told as they come; the rest is counted and kept.
SAID: Final = 100


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, metavar="N", help="stop after N minutes")
    parser.add_argument("--inputs", type=int, metavar="N", help="stop after N mutated inputs")
    parser.add_argument("--truncations", type=int, metavar="N", default=0, help="and cut N files")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other inputs (1)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="begin at input N")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--no-trace", action="store_true", help="without strace")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where offending inputs go")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--show", action="store_true", help="write input --first, try nothing")
    asked = parser.parse_args()
    if asked.minutes is None and asked.inputs is None:
        asked.minutes = None if asked.truncations else 1.0
        asked.inputs = 0 if asked.truncations else None
    asked.keep = asked.keep or Path(tempfile.gettempdir(), f"vaceprep-fuzz-{asked.seed}")
    return asked


def _keep(folder: Path, case: Case, offence: dict[str, Any]) -> Path:
    """Write an offending input and what made it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{offence['problem']}-{offence['kind']}-{case.number}{case.suffix}"
    path.write_bytes(case.data)
    path.with_name(f"{path.name}.json").write_text(json.dumps(offence, indent=2) + "\n", "utf-8")
    return path


class _Run:
    """One run: mutants, then truncations, and the figures over both."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.figures = Figures(asked.seed)
        self.traced = bool(trace.tracer()) and not asked.no_trace
        self.began = self.told = time.monotonic()

    def numbers(self, kind: str, limit: int | None) -> Iterator[tuple[int, float]]:
        deadline = None
        if self.asked.minutes is not None and kind == "mutants":
            deadline = self.began + 60 * self.asked.minutes
        for number in islice(count(self.asked.first), limit):
            if deadline is not None and time.monotonic() >= deadline:
                return
            work = mutant(self.asked.seed, number).work if kind == "mutants" else "check"
            yield number, PATIENCE[work]

    def offend(self, case: Case, kind: str, problem: str, detail: str, **more: Any) -> None:
        offence = {
            "problem": problem,
            "kind": kind,
            "seed": self.asked.seed,
            "number": case.number,
            "fixture": case.fixture,
            "how": case.how,
            "role": case.role,
            "work": case.work,
            "detail": detail,
            **more,
        }
        self.figures.offences.append(offence)
        path = _keep(self.asked.keep, case, offence)
        last = detail.strip().splitlines()[-1:] or [""]
        if len(self.figures.offences) <= SAID:
            _say(f"{problem}: {path}: {last[0][:160]}")

    def run(self, kind: str, limit: int | None, scratch: Path) -> None:
        make = mutant if kind == "mutants" else truncation
        crew = Crew(self.asked.seed, kind, self.asked.jobs, scratch, traced=self.traced)
        for answer in crew.run(self.numbers(kind, limit)):
            self.count(kind, make(self.asked.seed, answer.number), answer)
        if self.traced:
            self.figures.traced = (self.figures.traced or 0) + crew.traced
        for reach in crew.reaches:
            self.figures.connects += reach.connects
            self.figures.reads += not reach.connects
            case = make(self.asked.seed, reach.number or 0)
            self.offend(case, kind, "connects" if reach.connects else "reads", reach.line)

    def count(self, kind: str, case: Case, answer: Answer) -> None:
        figures = self.figures
        name = f"{kind} {case.number} of {case.fixture} ({case.how})"
        problem = figures.add(answer, name, case.work)
        if kind == "mutants":
            figures.inputs += 1
        else:
            figures.truncations += 1
            figures.fine += answer.fine
            figures.found += problem is None and not answer.fine
        if problem is not None:
            more = {"megabytes": round(answer.megabytes), "seconds": round(answer.seconds, 1)}
            self.offend(case, kind, problem, answer.detail, **more)
        if time.monotonic() - self.told > 30:
            self.told = time.monotonic()
            done = figures.inputs + figures.truncations
            _say(f"{done:,} inputs, {len(figures.offences)} offences")


def main() -> int:
    """Run what was asked for."""
    asked = _arguments()
    if asked.show:
        make = truncation if asked.truncations else mutant
        case = make(asked.seed, asked.first)
        asked.keep.mkdir(parents=True, exist_ok=True)
        path = asked.keep / f"input-{case.number}{case.suffix}"
        path.write_bytes(case.data)
        print(f"{path}: {case.fixture}, {case.how}; role {case.role}, {case.work}")
        return 0
    run = _Run(asked)
    if not run.traced and not asked.no_trace:
        _say("there is no strace, or it may not trace: what is opened is not looked at")
    stopped = False
    with tempfile.TemporaryDirectory(prefix="vaceprep-fuzz-") as scratch:
        try:
            if asked.inputs != 0:
                run.run("mutants", asked.inputs, Path(scratch))
            if asked.truncations:
                run.run("truncations", asked.truncations, Path(scratch))
        except KeyboardInterrupt:
            _say("broken off: these are the figures so far")
            stopped = True
    run.figures.seconds = time.monotonic() - run.began
    print(run.figures.table())
    if asked.json:
        asked.json.write_text(json.dumps(run.figures.to_dict(), indent=2) + "\n", "utf-8")
    return 130 if stopped else 0 if run.figures.ok else 1


if __name__ == "__main__":
    sys.exit(main())
