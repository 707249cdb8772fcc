"""One file for each rule of the real scheduler's default profile, with its words."""
