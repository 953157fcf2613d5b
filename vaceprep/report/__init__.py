"""Write reports as text, JSON, SARIF, JUnit, GitHub annotations and HTML."""
