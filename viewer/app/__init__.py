"""Observable state between the engine and the widgets; no QtWidgets here."""
