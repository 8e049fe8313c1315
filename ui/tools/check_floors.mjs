// check_floors.mjs -- imports go one way: a folder of src/ imports only from itself and from folders before it.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const floors = ["model", "api", "state", "draw", "widgets", "views"]; // then main.tsx and its neighbours
const src = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
const problems = [];

async function* sources(folder) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) yield* sources(path);
        else if (/\.tsx?$/.test(entry.name)) yield path;
    }
}

const floorOf = path => {
    const parts = relative(src, path).split("/");
    return { floor: parts.length > 1 ? floors.indexOf(parts[0]) : floors.length, view: parts[0] === "views" ? parts[1] : "" };
};

const packages = { preact: "api", "@preact/signals": "api", uplot: "draw", "@dagrejs/dagre": "draw" };

for await (const path of sources(src)) {
    const text = await readFile(path, "utf8");
    const from = floorOf(path);
    const name = relative(src, path);
    for (const [, first, second] of text.matchAll(/^(?:import|export)\b(?:[^"'=;]*\bfrom)?\s*"([^"\n]+)"|\bimport\("([^"\n]+)"\)/gm)) {
        const target = first ?? second;
        if (!target.startsWith(".")) {
            const least = floors.indexOf(packages[target.split("/").slice(0, target.startsWith("@") ? 2 : 1).join("/")] ?? "none");
            if (!target.startsWith("node:") && (least < 0 || from.floor < least))
                problems.push(`${name}: imports ${target}; packages are for ${floors[least] ?? "no floor"} and above`);
            continue;
        }
        const to = floorOf(resolve(dirname(path), target));
        if (to.floor > from.floor || (to.view && from.view && to.view !== from.view))
            problems.push(`${name}: imports ${target}; imports go down: ${floors.join(" < ")} < main, and views do not know each other`);
    }
    if (/dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML/.test(text)) problems.push(`${name}: makes HTML from text`);
    if (/\bfetch\(|new (WebSocket|EventSource)/.test(text) && floors[from.floor] !== "api")
        problems.push(`${name}: only api/ asks the server`);
}
for (const problem of problems) console.log(problem);
process.exit(problems.length ? 1 : 0);
