"""Record what was sent and its result, safely across a kill of the process."""
