"""The language: what is declared, what is judged, what a verdict is. Pure: no file, no clock."""
