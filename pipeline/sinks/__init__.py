"""Where captions go. ``base.py`` is the contract; each kind of sink is one file."""
