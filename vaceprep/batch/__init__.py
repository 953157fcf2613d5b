"""Process any number of sources: results are written as they come, and no source is done twice."""
