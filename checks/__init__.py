"""The judges: collect facts once, judge them by every rule, report. Never writes."""
