// main.tsx -- starts the interface: state first, then the page of the address.
import { render } from "preact";
import { startPalette } from "./draw/palette.ts";
import { startLive } from "./state/live.ts";
import { startKeys } from "./state/keys.ts";
import { startTheme } from "./state/settings.ts";
import { startUrl } from "./state/url.ts";
import { App } from "./routes.tsx";

startUrl();
startTheme();
startPalette();
startKeys();
startLive();
render(<App />, document.getElementById("app")!);
