"""The kinds of the flowcontrol group."""
