#!/usr/bin/env python3
"""Check tokens.css: text and control contrast, service colours against every ground, and how far the service
colours lie apart with normal, protan, deutan and tritan sight. Prints figures; exits 1 when a rule is broken."""
import itertools
import os
import re
import sys

CSS = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/style/tokens.css")).read()
GROUNDS = ["--bg", "--surface", "--sunken", "--hover", "--selected", "--raised"]
# Machado, Oliveira, Fernandes 2009, severity 1, linear RGB
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((.152286, 1.052583, -.204868), (.114503, .786281, .099216), (-.003882, -.048116, 1.051998)),
    "deutan": ((.367322, .860646, -.227968), (.280085, .672501, .047413), (-.011820, .042940, .968881)),
    "tritan": ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602), (.004733, .691367, .303900)),
}


def linear(hexa):
    v = [int(hexa[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return [x / 12.92 if x <= .04045 else ((x + .055) / 1.055) ** 2.4 for x in v]


def luminance(hexa):
    r, g, b = linear(hexa)
    return .2126 * r + .7152 * g + .0722 * b


def contrast(a, b):
    a, b = sorted((luminance(a), luminance(b)))
    return (b + .05) / (a + .05)


def oklab(hexa, sight):
    rgb = linear(hexa)
    r, g, b = [min(1, max(0, sum(m * c for m, c in zip(row, rgb)))) for row in SIGHT[sight]]
    l, m, s = [max(0, x) ** (1 / 3) for x in (
        .4122214708 * r + .5363325363 * g + .0514459929 * b,
        .2119034982 * r + .6806995451 * g + .1073969566 * b,
        .0883024619 * r + .2817188376 * g + .6299787005 * b)]
    return (.2104542553 * l + .7936177850 * m - .0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + .4505937099 * s,
            .0259040371 * l + .7827717662 * m - .8086757660 * s)


def theme(selector):
    start = CSS.index(selector)
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", CSS[start:CSS.index("\n}", start)]))


broken = []
for name, selector in (("light", ":root, [data-theme=light]"), ("dark", "[data-theme=dark] {")):
    t = theme(selector)

    def need(fg, bg, least):
        if contrast(t[fg], t[bg]) < least:
            broken.append(f"{name}: {fg} on {bg} is {contrast(t[fg], t[bg]):.2f}, needs {least}")

    for fg in ("--text", "--text-2", "--text-3", "--accent", "--error", "--warn", "--ok"):
        for bg in GROUNDS:
            need(fg, bg, 4.5)
    for status in ("accent", "error", "warn", "ok"):
        for fg in ("--text", "--text-2", "--text-3", "--" + status):
            need(fg, f"--{status}-bg", 4.5)
    for bg in ("--bg", "--surface", "--sunken"):
        need("--line-control", bg, 3)
    for n in range(1, 17):
        need(f"--svc-{n}-on", f"--svc-{n}", 4.5)
        for bg in ("--bg", "--surface", "--sunken", "--hover"):
            need(f"--svc-{n}", bg, 3)
    for label, slots in (("all 16", range(1, 17)), ("slots 1-8", range(1, 9))):
        colours = [t[f"--svc-{n}"] for n in slots] + [t["--error"]]
        least = {}
        for sight in SIGHT:
            labs = [oklab(c, sight) for c in colours]
            least[sight] = min(sum((x - y) ** 2 for x, y in zip(a, b)) ** .5 for a, b in itertools.combinations(labs, 2))
        print(f"{name:5} {label:9} least distance, with error red: " + ", ".join(f"{k} {v:.3f}" for k, v in least.items()))
print("\n".join(broken) or "contrast: all rules kept")
sys.exit(bool(broken))
