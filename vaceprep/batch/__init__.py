"""The walk for many: sources without end, results as they come, and nothing done twice."""
