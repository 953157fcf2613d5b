"""Every input that ever broke something: small files beside this one, the rest as code."""
