// stack.ts -- stack traces with runs of library frames told apart, so that the program's own frames stand out.

export interface StackPart { isFolded: boolean; lines: string[] }

const library = [/node_modules/, /\bnode:/, /site-packages|dist-packages|\/lib\/python/, /^\s*at (java|javax|jdk|sun|com\.sun|org\.springframework|org\.apache|io\.netty|io\.grpc|reactor|kotlin|scala)\./,
    /^\s*at (System|Microsoft)\./, /^(runtime|net\/http|google\.golang\.org)[./]/, /\/usr\/local\/go\/src\//, /\/gems\//, /\bvendor\//];

const isFrame = (line: string): boolean => /^\s+at |^\s*File "|^\s+\S+:\d+|^\S+\(.*\)$|^\t/.test(line);
const isLibrary = (line: string): boolean => isFrame(line) && library.some(pattern => pattern.test(line));

/* One or two such frames are read faster than a fold. */
const LEAST = 3;

export function foldedStack(text: string): StackPart[] {
    const parts: StackPart[] = [];
    for (const line of text.replace(/\r/g, "").replace(/\n+$/, "").split("\n")) {
        const isFolded = isLibrary(line), last = parts[parts.length - 1];
        if (last && last.isFolded === isFolded) last.lines.push(line);
        else parts.push({ isFolded, lines: [line] });
    }
    for (const part of parts) if (part.lines.length < LEAST) part.isFolded = false;
    return parts;
}
