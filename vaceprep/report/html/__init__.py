"""The report as one HTML page without any network access or foreign script."""
