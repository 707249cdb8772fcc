"""How control loops reach an API server: `protocol` is all they may see."""
