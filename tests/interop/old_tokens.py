"""Makes tokens by the libraries that bulla reads old ones of: M2Crypto, itsdangerous, Django.

    old_tokens.py [FOLDER_OF_M2CRYPTO] < ORDERS > TOKENS

ORDERS is JSON: `now`, `secret` and a list `orders`; TOKENS is a list of texts. Each order says in `what` who makes it, and in `data`
what it says. M2Crypto's AuthCookie is the real source; of its C library it needs an HMAC and random bytes, which Python has too.
"""

import base64
import hashlib
import hmac
import importlib
import json
import os
import sys
import time
import types


def m2crypto(folder, key):
    """A jar of the AuthCookie.py in the folder, with this key."""
    for name in [name for name in sys.modules if name.split(".")[0] == "M2Crypto"]:
        del sys.modules[name]
    package = sys.modules["M2Crypto"] = types.ModuleType("M2Crypto")
    package.__path__ = [folder]
    package.Rand = types.SimpleNamespace(rand_bytes=os.urandom)
    package.m2 = types.SimpleNamespace(
        sha1=lambda: "sha1", sha256=lambda: "sha256", hmac=hmac.digest, util_init=lambda error: None
    )
    jar = importlib.import_module("M2Crypto.AuthCookie").AuthCookieJar()
    jar._key = key
    return jar


def header_value(cookie):
    """What a browser sends back: the value as it stands in Set-Cookie, without attributes."""
    return cookie.OutputString([]).partition("=")[2]


def of_m2crypto(order, secret):
    jar = m2crypto(os.path.join(sys.argv[1], order["version"]), secret.encode())
    cookie = jar.makeCookie(order["ends"], order["data"])
    if order["version"] == "0.45.1":  # its hash was another one
        assert len(base64.b64decode(cookie.mac())) == 20
    return cookie.value() if order["bare"] else header_value(cookie._cookie["_M2AUTH_"])


def of_itsdangerous(order, secret):
    import itsdangerous

    signing = {"key_derivation": order["derivation"], "digest_method": getattr(hashlib, order["digest"])}
    name = order["what"].partition(" ")[2]
    maker = getattr(itsdangerous, name)
    if name.endswith("Signer"):
        return maker(secret, salt=order["salt"], **signing).sign(order["data"]).decode()
    return maker(secret, salt=order["salt"], signer_kwargs=signing).dumps(order["data"])


def of_django(order, secret):
    from django.conf import settings

    if not settings.configured:
        settings.configure(SECRET_KEY=secret, SECRET_KEY_FALLBACKS=[])
    from django.contrib.sessions.backends.signed_cookies import SessionStore
    from django.core import signing
    from django.http import HttpResponse

    name, data, salt = order["what"].partition(" ")[2], order["data"], order.get("salt")
    if name == "dumps":
        return signing.dumps(data, salt=salt, compress=order["compress"])
    if name == "session":
        store = SessionStore()
        store.update(data)
        store.save()
        return store.session_key
    if name == "set_signed_cookie":
        response = HttpResponse()
        response.set_signed_cookie(order["name"], data, salt=salt)
        return header_value(response.cookies[order["name"]])
    if name == "old set_signed_cookie":
        signer = signing.get_cookie_signer(salt=signing._cookie_signer_legacy_salt(order["name"], salt))
        response = HttpResponse()
        response.set_cookie(order["name"], signer.sign(data))
        return header_value(response.cookies[order["name"]])
    return getattr(signing, name)(salt=salt, algorithm=order["digest"]).sign(data)


def main():
    orders = json.load(sys.stdin)
    time.time = lambda: orders["now"] + 0.75
    makers = {"m2crypto": of_m2crypto, "itsdangerous": of_itsdangerous, "django": of_django}
    json.dump([makers[order["what"].split()[0]](order, orders["secret"]) for order in orders["orders"]], sys.stdout)


main()
