// home.tsx -- where one starts until the analyses fill it: search, and the services that send.
import { useEffect } from "preact/hooks";
import { hrefTo } from "../../state/url.ts";

export function Page(_: { id: string }) {
    useEffect(() => { document.title = "weft"; }, []);
    return <main class="page"><h1 class="h1">weft</h1><p><a href={hrefTo("/search")}>Search traces</a> · <a href={hrefTo("/services")}>Services</a></p></main>;
}
