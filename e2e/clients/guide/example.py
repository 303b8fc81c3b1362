"""What an example of the guide is, and how it is held to what it promises."""

import importlib
import traceback

import waldur_api_client.models
from waldur_api_client.types import Unset

examples = []


def example(section, what):
    """Adds a class with sdk and raw, which take a desk and a way to note what is not as the guide writes it."""

    def add(shape):
        examples.append((section, what, shape()))
        return shape

    return add


def outcome(form, desk):
    """Runs one form: what had to be done in another way than the guide's, or how it failed."""
    differs = []

    def note(why):
        if why not in differs:
            differs.append(why)

    try:
        form(desk, note)
    except Exception:  # whatever it is belongs into the report, and the other examples go on
        return {"failed": traceback.format_exc()}
    return {"differs": differs}


def function(group, name):
    """A module of the client, as the guide imports it."""
    return importlib.import_module(f"waldur_api_client.api.{group}.{name}")


def model(name, now, note):
    """A class that the guide imports by one name and newer clients have under another."""
    named = getattr(waldur_api_client.models, name, None)
    if named is None:
        note(f"the client has {now} for {name}")
        named = getattr(waldur_api_client.models, now)
    return named


def told(rows, names, note, missing={}):
    """Checks that the attributes which the guide lists are there, but for those missing, with why they are."""
    assert rows, "nothing was listed"
    for name in names.split():
        assert hasattr(rows[0], name) or name in missing, f"the client knows no {name}"
    silent = {n for n in names.split() if all(isinstance(getattr(r, n, Unset()), Unset) for r in rows)}
    assert silent == set(missing), f"without a value: {sorted(silent)}, expected {sorted(missing)}"
    for name, why in missing.items():
        note(f"without {name}: {why}")


def keyed(rows, names, note, missing={}):
    """The same of plain JSON."""
    assert rows, "nothing was listed"
    silent = {n for n in names.split() if all(n.rstrip("_") not in r for r in rows)}
    assert silent == set(missing), f"without a value: {sorted(silent)}, expected {sorted(missing)}"
    for name, why in missing.items():
        note(f"without {name}: {why}")


def answered(response, status):
    """The body of an answer that has the status promised."""
    assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None
