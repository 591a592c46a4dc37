"""Where one shot ends and the next begins: by small pictures (``rule``) and by the sizes of packets (``sizes``). Pure."""
