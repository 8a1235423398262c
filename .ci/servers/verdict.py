#!/usr/bin/env python3
"""What `mcpoke trace --json` (on standard input) found, in the columns of `truth`."""
import json
import sys

trace = json.load(sys.stdin)
server = trace["server"]


def reaction(name):
    one = server[name]
    if one is None:
        return "-"
    if one["accepted"]:
        return "served"
    return f"{one['status']}" + (f":{one['code']}" if one["code"] is not None else "")


why = trace["why"]["id"] if trace["why"] else "-"
columns = [server["era"], server["transport"], server["sessions"], server["answers"] or "-"]
print(*columns, reaction("bare"), reaction("unknownId"), reaction("endedId"), why)
