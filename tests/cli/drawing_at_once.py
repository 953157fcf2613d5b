"""``vaceprep`` whose bars are drawn at once, however quick the work is."""

from vaceprep.cli import main, progress

if __name__ == "__main__":
    progress.BAR_SOON = 0.0  # type: ignore[misc]
    main()
