"""What the commands say of the job as it is now: findings, plan, model's input, cost, command.

Everything is computed by the code of ``check``, ``prepare --dry-run``, ``preview`` and ``run``.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from vaceprep.checks.bytes import Options as Look
from vaceprep.checks.inputs import Item
from vaceprep.checks.job import check_mapping
from vaceprep.checks.report import FileReport
from vaceprep.contract import VIDEO_ROLES
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.parts import Parts, parts_of_review
from vaceprep.editor.session import named_files
from vaceprep.editor.window import Window, time_text, window_of
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import is_url
from vaceprep.job.draft import draft_of as draft_of_job
from vaceprep.job.media import media_of
from vaceprep.preparation.model_input.read import preview_of_reports
from vaceprep.preparation.report import Prepared
from vaceprep.records import replace
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.job import judge_job
from vaceprep.runs.admit import planned_media
from vaceprep.runs.model import RunOptions
from vaceprep.runs.spending import cost_after

if TYPE_CHECKING:
    from vaceprep.editor.context import Editor

#: The fields of ``options`` in a request; each is an option of ``run``.
FLAGS: Final = ("fit_model", "restore_audio", "split")
#: The video whose part is chosen by ``window``; other fields have theirs in ``windows``.
VIDEO: Final = "video_url"
#: What a split changes: which fields belong to the job, and how many masks it has.
MASK_CODES: Final = (codes.FIELD_NOT_FOR_FUNCTION, codes.MASK_CHOICE)


@dataclass(frozen=True)
class Draft:
    """One state of the job: what a request sets."""

    values: dict[str, Any]
    window: Window
    flags: dict[str, bool]
    windows: dict[str, Window]


def draft_of(body: Mapping[str, Any]) -> Draft:
    """The state in a body with ``job``, ``window`` and ``options``. Raises BadRequest."""
    values, options = body.get("job"), body.get("options") or {}
    if not isinstance(values, dict):
        raise BadRequest("job must be a mapping of the job's fields")
    if not isinstance(options, dict):
        raise BadRequest("options must be a mapping")
    flags: dict[str, bool] = {}
    windows: dict[str, Window] = {}
    for name, value in options.items():
        if name == "windows" and isinstance(value, dict):
            for role, part in value.items():
                if role not in VIDEO_ROLES or role == VIDEO:
                    raise BadRequest(f"windows has {role!r}, which is no field with a clip")
                windows[role] = window_of(part)
        elif name in FLAGS and isinstance(value, bool):
            flags[name] = value
        else:
            known = ", ".join((*FLAGS, "windows"))
            raise BadRequest(f"unknown option {name!r}, or a wrong value; known are: {known}")
    given = {name: value for name, value in values.items() if value is not None}
    return Draft(given, window_of(body.get("window")), flags, windows)


class Review:
    """The answer of the commands to one state of the job."""

    def __init__(self, editor: Editor, draft: Draft) -> None:
        """Read and plan everything; writes nothing. Raises BadRequest."""
        self._editor, self._draft = editor, draft
        session = editor.session
        #: The values with the paths of drafts, and each file's value by its path.
        self.values = session.opened_values(draft.values)
        self._given = {
            path: value
            for value in named_files(draft.values).values()
            if (path := session.path_of(value)) is not None
        }
        look = Look(limits=editor.limits, price=editor.run.price)
        self.reports = check_mapping(session.path, self.values, session.folder, look)
        self.run_options = self._run_options()
        self.item = Item(session.path, "job", self.values, session.path)
        self.planned = planned_media(self.item, self.run_options, {})
        function = draft.values.get("function")
        self.cost = cost_after(str(function), self.planned, editor.run.price)
        self.parts: Parts | None = None
        if draft.flags.get("split"):
            self.parts = parts_of_review(editor, self.item, self.run_options)
        if self.parts is not None:
            self.run_options = replace(self.run_options, split=self.parts.choice)
            self.cost = self.parts.cost

    def _run_options(self) -> RunOptions:
        """The options of a run of this state."""
        plan = replace(
            self._editor.run.prepare, fit_model=self._draft.flags.get("fit_model", False)
        )
        fields = {
            role: replace(plan, start=part.start or None, duration=part.duration)
            for role, part in self._draft.windows.items()
            if role in self._draft.values
        }
        start, duration = self._used_window()
        return replace(
            self._editor.run,
            output=self._editor.session.output or self._editor.session.folder or ".",
            restore_audio=self._draft.flags.get("restore_audio", False),
            prepare=replace(plan, start=start, duration=duration),
            fields=fields,
        )

    def _used_window(self) -> tuple[Fraction | None, Fraction | None]:
        """``--start`` and ``--duration``; None where the job is the same without."""
        value = self._draft.values.get(VIDEO)
        if not isinstance(value, str) or not value or is_url(value):
            return None, None
        start, duration = self._draft.window.start or None, self._draft.window.duration
        facts = next((r.facts for r in self.reports if r.role == VIDEO), None)
        end = facts.duration if isinstance(facts, VideoFacts) else None
        if duration is not None and end is not None:
            left = end - (start or 0)
            if duration >= min(left, self._editor.limits.video_seconds):
                duration = None
        return start, duration

    @property
    def ok(self) -> bool:
        """Whether ``run`` would take the job."""
        return self.planned[0].ok if self.parts is None else self.parts.ok

    def command(self) -> str:
        """The command that runs the saved job."""
        session, options = self._editor.session, self.run_options
        words = ["vaceprep", "run", session.path]
        parts = [("", options.prepare), *((f"{name}=", o) for name, o in options.fields.items())]
        for name, part in parts:
            if part.start is not None:
                words += ["--start", f"{name}{time_text(part.start)}"]
            if part.duration is not None:
                words += ["--duration", f"{name}{time_text(part.duration)}"]
        words += [f"--{name.replace('_', '-')}" for name in FLAGS if self._draft.flags.get(name)]
        if self.parts is not None:
            words += self.parts.words()
        if session.output is not None:
            words += ["-o", session.output]
        return shlex.join([*words, *self._editor.run_words])

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``api/job``."""
        return {
            "findings": [
                {**finding.to_dict(), "file": self._named(report.source), "role": report.role}
                for report in self.reports
                for finding in self._findings(report)
            ],
            "parts": None if self.parts is None else self.parts.to_dict(self._named),
            "plan": [self._entry(entry) for entry in self.planned],
            "model": self._model(),
            "cost": None if self.cost is None else self.cost.to_dict(),
            "command": self.command(),
            "ok": self.ok,
        }

    def _findings(self, report: FileReport) -> tuple[Finding, ...]:
        """The findings of one entry; a split job may have a mask for each part."""
        if self.parts is None or report.role is not None:
            return report.findings
        own = judge_job(draft_of_job(self.values, self._editor.limits, split=True))
        kept = [f for f in report.findings if f.code not in MASK_CODES]
        return (*kept, *(f for f in own if f.code in MASK_CODES))

    def _named(self, path: str) -> str:
        """A file as the job names it."""
        return self._given.get(path, path)

    def _entry(self, entry: Prepared) -> dict[str, Any]:
        found = {**entry.to_dict(), "source": self._named(entry.source)}
        if entry.error is not None:
            for path, value in self._given.items():
                found["error"] = found["error"].replace(path, value)
        # A draft is saved under the name that it has here.
        drafts = self._editor.session.drafts
        same = {
            f"{at[1:]} is now {v}" for at, v in media_of(self._draft.values).items() if v in drafts
        }
        found["plan"] = [edit for edit in found["plan"] if edit["detail"] not in same]
        return found

    def _model(self) -> dict[str, Any] | None:
        """What the model takes of the media as ``prepare`` will make them; None if of nothing.

        Frames are numbered from the first one of the chosen part.
        """
        after = {(e.source, e.role): e.after for e in self.planned if e.after is not None}
        reports = tuple(
            FileReport(r.source, r.role, after.get((r.source, r.role), r.facts), r.findings)
            for r in self.reports
        )
        try:
            model = preview_of_reports(self._editor.session.path, self.values, reports).model
        except Refused:
            return None
        found = model.to_dict()
        for file in found["files"]:
            file["source"] = self._named(file["source"])
        return {**found, "length": model.length, "size": list(model.size), "notes": model.notes}
