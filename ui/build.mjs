// build.mjs -- makes the files the server embeds.
//
//   node build.mjs --out DIR [--watch] [--debug]
//
// Writes DIR/index.html, DIR/assets/NAME-HASH.{js,css}, and DIR/files.json, which says of each file its
// address, its media type and whether its content can ever change under that address.
import { build, context } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({
    options: { out: { type: "string", default: "dist" }, watch: { type: "boolean" }, debug: { type: "boolean" } },
});
const out = args.out;

const types = { ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".html": "text/html; charset=utf-8" };
const typeOf = name => types[name.slice(name.lastIndexOf("."))] ?? "application/octet-stream";

const options = {
    absWorkingDir: here,
    entryPoints: { main: "src/main.tsx", style: "src/style/index.css", icon: "src/icon.svg" },
    outdir: join(out, "assets"),
    bundle: true, splitting: true, format: "esm", target: "es2022",
    jsx: "automatic", jsxImportSource: "preact",
    entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]", assetNames: "[name]-[hash]",
    loader: { ".svg": "copy" },
    minify: !args.debug, sourcemap: args.debug ? "linked" : false,
    legalComments: "none", metafile: true, write: true, logLevel: "warning",
};

/* The licences of the packages in the bundle: their texts go where the code goes. */
async function licenses(metafile) {
    const names = new Set(Object.keys(metafile.inputs).map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1]).filter(Boolean));
    const texts = await Promise.all([...names].sort().map(async name => {
        const folder = join(here, "node_modules", name), { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        return `${name} ${version}\n\n${(await readFile(join(folder, "LICENSE"), "utf8")).trim()}\n`;
    }));
    return texts.join(`\n${"-".repeat(72)}\n\n`);
}

/* The page names its files; the start chunks of main are asked for at once instead of one after the other. */
async function finish(metafile) {
    const outputs = Object.entries(metafile.outputs).filter(([path]) => !path.endsWith(".map"));
    const assetOf = path => `/assets/${basename(path)}`;
    const [mainPath, main] = outputs.find(([, o]) => o.entryPoint === "src/main.tsx");
    const [stylePath] = outputs.find(([, o]) => o.entryPoint === "src/style/index.css");
    const early = main.imports.filter(i => i.kind === "import-statement").map(i => assetOf(i.path));
    const icon = outputs.find(([path]) => path.endsWith(".svg"));
    const template = await readFile(join(here, "src/index.html"), "utf8");
    const html = template
        .replace("<!--style-->", `<link rel="stylesheet" href="${assetOf(stylePath)}">`)
        .replace("<!--icon-->", icon ? `<link rel="icon" href="${assetOf(icon[0])}">` : "")
        .replace("<!--script-->", early.map(path => `<link rel="modulepreload" href="${path}">`).join("") +
            `<script type="module" src="${assetOf(mainPath)}"></script>`);
    await writeFile(join(out, "index.html"), html);
    const files = outputs.map(([path]) => ({ path: assetOf(path), file: `assets/${basename(path)}`,
        type: typeOf(path), immutable: true }));
    await writeFile(join(out, "assets/licenses.txt"), await licenses(metafile));
    files.push({ path: "/assets/licenses.txt", file: "assets/licenses.txt", type: typeOf(".txt"), immutable: false });
    files.push({ path: "/index.html", file: "index.html", type: typeOf("index.html"), immutable: false });
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    await writeFile(join(out, "files.json"), JSON.stringify(files, null, 1) + "\n");
}

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
if (args.watch) {
    const plugin = { name: "finish", setup: b => b.onEnd(r => r.metafile && finish(r.metafile)) };
    await (await context({ ...options, plugins: [plugin] })).watch();
} else {
    const { metafile } = await build(options);
    await finish(metafile);
}
