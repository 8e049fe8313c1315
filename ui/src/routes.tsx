// routes.tsx -- which page an address shows. Pages are loaded when first visited.
import { computed, effect, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { ApiError } from "./api/client.ts";
import { go, hrefTo, params, path } from "./state/url.ts";
import { Frame } from "./views/frame/frame.tsx";
import { Failure, Nothing, Skeleton } from "./widgets/states.tsx";
import { jaegerAddress } from "./model/jaeger_address.ts";

export interface PageProps { id: string } // what stands for {} in the address

interface Route { pattern: RegExp; section: string; load: () => Promise<{ Page: ComponentType<PageProps> }> }

const routes: readonly Route[] = [
    { pattern: /^\/$/, section: "home", load: () => import("./views/home/home.tsx") },
    { pattern: /^\/search$/, section: "search", load: () => import("./views/search/search.tsx") },
    { pattern: /^\/trace\/([^/]+)$/, section: "search", load: () => import("./views/trace/trace.tsx") },
    { pattern: /^\/services$/, section: "services", load: () => import("./views/services/services.tsx") },
    { pattern: /^\/service\/(.*)$/, section: "services", load: () => import("./views/service/service.tsx") },
    { pattern: /^\/flame$/, section: "search", load: () => import("./views/flame/flame.tsx") },
    { pattern: /^\/compare$/, section: "compare", load: () => import("./views/compare/compare.tsx") },
    { pattern: /^\/settings$/, section: "settings", load: () => import("./views/settings/settings.tsx") },
];

const match = computed(() => {
    for (const route of routes) {
        const found = route.pattern.exec(path.value);
        if (found) return { route, id: safeDecode(found[1] ?? "") };
    }
    return null;
});

function safeDecode(text: string): string {
    try { return decodeURIComponent(text); } catch { return text; }
}

/* The component of the page shown; the one before stays until the next is there. */
const shown = signal<{ route: Route; Page: ComponentType<PageProps> } | null>(null);
const loadError = signal<Error | null>(null);

effect(() => {
    const route = match.value?.route;
    loadError.value = null;
    if (!route) return;
    route.load().then(
        ({ Page }) => { if (match.peek()?.route === route) shown.value = { route, Page }; },
        (error: Error) => { loadError.value = error; });
});

/* Runbooks have Jaeger's addresses: they are written anew as ours. */
effect(() => {
    const ours = jaegerAddress(path.value, params.value);
    if (ours !== null) go(ours, "replace");
});

function Page() {
    const [fault, reset] = useErrorBoundary();
    if (fault) return <main class="page"><Failure isPage error={new ApiError("bug", String((fault as Error).stack ?? fault), 0)} again={reset} /></main>;
    if (loadError.value) {
        return <main class="page"><Failure isPage error={new ApiError("offline", `This page could not be loaded: ${loadError.value.message}`, 0)}
            again={() => location.reload()} /></main>;
    }
    if (!match.value) {
        return <main class="page"><Nothing isPage title="There is no such page">
            <p>{path.value} is not an address of this interface. <a href={hrefTo("/search")}>Search traces</a></p></Nothing></main>;
    }
    const { route, id } = match.value;
    if (shown.value?.route !== route) return <main class="page"><Skeleton rows={8} label="Loading the page" /></main>;
    const { Page: Shown } = shown.value;
    return <Shown key={route.pattern.source} id={id} />;
}

export const App = () => <Frame section={match.value?.route.section ?? ""}><Page /></Frame>;
