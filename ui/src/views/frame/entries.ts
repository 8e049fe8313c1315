// entries.ts -- the pages of the top bar.
import type { IconName } from "../../widgets/icon.tsx";

interface Entry { id: string; label: string; href: string; key: string; icon: IconName }

/* Pages enter here when their engine is there. */
export const entries: readonly Entry[] = [
    { id: "home", label: "Home", href: "/", key: "g h", icon: "home" },
    { id: "search", label: "Search", href: "/search", key: "g s", icon: "search" },
    { id: "services", label: "Services", href: "/services", key: "g v", icon: "services" },
    { id: "compare", label: "Compare", href: "/compare", key: "g c", icon: "diff" },
];
