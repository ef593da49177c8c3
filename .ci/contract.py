"""What the generated requests need that no schema can say: feeds are signed, a key is new, and a made-up cursor is left out."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import time
import urllib.request

import schemathesis


def local(path):
    with urllib.request.urlopen(os.environ["KOBAN_URL"] + path, timeout=10) as reply:
        return json.load(reply)


COUNTER = itertools.count(1)
SECRET = base64.b64decode(local("/_local/secret?name=feed")["value"].removeprefix("whsec_"))


def prepare(request):
    """Completes a prepared request where it is of the right form; what was made wrong on purpose stays so."""
    if has(request, "Idempotency-Key", "[!-~]{1,255}"):
        # The same few keys come again and again, with other bodies.
        request.headers["Idempotency-Key"] = f"{next(COUNTER)}-{text(request, 'Idempotency-Key')}"[:255]
    if has(request, "webhook-id", "[!-~]{1,255}") and has(request, "webhook-timestamp", "[0-9]{1,12}"):
        sign(request)
    return request


def sign(request):
    """Signs a request as Standard Webhooks says, as sent now."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    now = str(int(time.time()))
    signed = f"{text(request, 'webhook-id')}.{now}.".encode() + body
    digest = hmac.new(SECRET, signed, hashlib.sha256).digest()
    request.headers["webhook-timestamp"] = now
    request.headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()


def has(request, name, pattern):
    return re.fullmatch(pattern, text(request, name)) is not None


def text(request, name):
    value = request.headers.get(name, "")
    return value.decode("latin-1") if isinstance(value, bytes) else value


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["auth"] = prepare
    # No schema says which cursors a list gave: one that is of the right form and made up is refused.
    if re.fullmatch("[A-Za-z0-9_-]{1,1024}", str((case.query or {}).get("cursor", ""))):
        del case.query["cursor"]


@schemathesis.hook
def map_body(context, body):
    """What no pattern says: an integer is written without a fraction, and a combination names no runner twice."""
    return plain(body)


def plain(value):
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and (numbers := re.fullmatch(r"([0-9]+)([-=])([0-9]+)\2([0-9]+)", value)):
        different = dict.fromkeys(numbers.group(1, 3, 4))
        return numbers.group(2).join(different)
    return value
