"""``python -m vaceprep``."""

from vaceprep.cli import main

if __name__ == "__main__":
    main()
