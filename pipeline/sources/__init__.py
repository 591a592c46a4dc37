"""Where pictures come from. ``base.py`` is the contract; each kind of source is one file."""
