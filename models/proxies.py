"""What is wrong with a proxy of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY), where no client can be made with it."""


def proxy_fault(error: Exception) -> str:
    """The sentence for httpx's ValueError or ImportError, without the proxy's address: it may hold a password."""
    why = "its address must begin with http:// or https://"
    if isinstance(error, ImportError):
        why = "a SOCKS proxy needs one package more (pip install 'httpx[socks]')"
    return f"the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names can't be used: {why}"
