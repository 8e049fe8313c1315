#!/usr/bin/env python3
"""fetch URL SERVICE: every trace of a service from weft's own API, as OTLP JSON, one TracesData a line."""
import json
import sys
import urllib.parse
import urllib.request


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


base, service = sys.argv[1:]
query = urllib.parse.urlencode({"service": service, "limit": 100})
for trace in get(f"{base}/api/v1/search?{query}")["traces"]:
    print(json.dumps(get(f"{base}/api/v1/traces/{trace['trace_id']}?format=otlp")))
