"""compare.py METHOD MCPOKE INSPECTOR TRACE: one value, as mcpoke and as the inspector print it, and what came over the wire.

mcpoke must print what the server sent: numbers by their text, key order kept, pages joined, the list's own keys left
out. The inspector must show the same value; it orders keys by its own schemas, makes every number a double, and
leaves out `resultType` and what surrounds a list, so that with it order does not count, and numbers do as doubles.
Prints what differs; exit code 1 if anything does."""

import json
import sys

LISTS = {"tools/list": "tools", "prompts/list": "prompts",
         "resources/list": "resources", "resources/templates/list": "resourceTemplates"}
WRAPPER = ("resultType", "ttlMs", "cacheScope", "nextCursor", "_meta")


class Number(str):
    """A number as it is written"""


class Pairs(list):
    """An object: its keys and values in order, a repeated key included"""


def parse(text):
    return json.loads(text, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number,
                      parse_constant=lambda name: sys.exit(f"not JSON: {name}"))


def kind(value):
    return "boolean" if isinstance(value, bool) else type(value).__name__


def differences(left, right, exact, path="$"):
    """What differs between two values, a line each; exact: numbers by text, keys by order"""
    if kind(left) != kind(right):
        yield f"{path}: {kind(left)} {json.dumps(left)[:80]} / {kind(right)} {json.dumps(right)[:80]}"
    elif isinstance(left, Pairs):
        ours, theirs = [key for key, _ in left], [key for key, _ in right]
        if sorted(ours) != sorted(theirs):
            yield f"{path}: keys {ours} / {theirs}"
        elif exact and ours != theirs:
            yield f"{path}: key order {ours} / {theirs}"
        other = dict(right)
        for key, value in left:
            if key in other:
                yield from differences(value, other[key], exact, f"{path}.{key}")
    elif isinstance(left, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} / {len(right)} items"
        for at, (one, two) in enumerate(zip(left, right)):
            yield from differences(one, two, exact, f"{path}[{at}]")
    elif isinstance(left, Number) and not exact:
        if float(left) != float(right):
            yield f"{path}: {left} / {right}"
    elif left != right:
        yield f"{path}: {json.dumps(left)[:120]} / {json.dumps(right)[:120]}"


def wire(trace, method):
    """The result that the trace's last run of METHOD got; of a list, all pages joined"""
    results = []
    for line in open(trace, encoding="utf-8"):
        exchange = json.loads(line)
        sent = json.loads(exchange["request"].get("body") or "{}")
        answer = exchange["answer"] or {}
        if sent.get("method") != method:
            continue
        if "cursor" not in (sent.get("params") or {}):
            results = []
        for text in [answer.get("body") or ""] + [event.get("data") or "" for event in answer.get("events", [])]:
            if not text.lstrip().startswith("{"):
                continue
            message = dict(parse(text))
            if message.get("id") == sent.get("id") and "result" in message:
                results.append(message["result"])
    if method not in LISTS or not results:
        return results[-1] if results else None
    key = LISTS[method]
    return Pairs([(key, [item for page in results for item in dict(page)[key]])])


def plain(result, method):
    """Without what the inspector leaves out"""
    drop = WRAPPER if method in LISTS else ("resultType",)
    return Pairs((key, value) for key, value in result if key not in drop)


method, ours, theirs, trace = sys.argv[1:5]
ours, theirs = parse(open(ours, encoding="utf-8").read()), parse(open(theirs, encoding="utf-8").read())
sent, found = wire(trace, method), []
if sent is None:
    found.append(f"wire: {trace} holds no result of {method}")
else:
    found += [f"mcpoke / wire {line}" for line in differences(ours, sent, True)]
found += [f"mcpoke / inspector {line}" for line in differences(plain(ours, method), plain(theirs, method), False)]
print("\n".join(found), end="\n" if found else "")
sys.exit(bool(found))
