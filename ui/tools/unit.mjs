// unit.mjs -- bundles src/**/*.test.ts and runs them with Node's own test runner.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
async function tests(folder) {
    const found = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) found.push(...await tests(path));
        else if (entry.name.endsWith(".test.ts") && path.includes(process.argv[2] ?? "")) found.push(path);
    }
    return found;
}

const out = await mkdtemp(join(tmpdir(), "weft-ui-unit-"));
try {
    const entryPoints = await tests(src);
    await build({ entryPoints, outdir: out, outbase: src, outExtension: { ".js": ".mjs" }, bundle: true, format: "esm", platform: "node",
        target: "node18", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning", sourcemap: "inline" });
    const files = entryPoints.map(path => join(out, path.slice(src.length + 1).replace(/\.ts$/, ".mjs")));
    const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
    process.exitCode = run.status ?? 1;
} finally {
    await rm(out, { recursive: true, force: true });
}
