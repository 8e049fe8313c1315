// service.tsx -- a service's name with its colour; never the colour alone.
import { isHatched, serviceToken } from "../draw/palette.ts";

export const Swatch = ({ slot }: { slot: number }) =>
    <span class={isHatched(slot) ? "sw h" : "sw"} style={{ "--c": `var(${serviceToken(slot)})` }} aria-hidden="true" />;

export const Service = ({ name, slot }: { name: string; slot: number }) =>
    <span class="svc" title={name}><Swatch slot={slot} /><span class="ell">{name || "unnamed service"}</span></span>;

export interface Part { name: string; slot: number; share: number }
/** One bar cut by service; what is left of 1 is pale. */
export function ShareBar({ parts, label }: { parts: readonly Part[]; label: string }) {
    return <div class="share" role="img" aria-label={label}>
        {parts.map(part => <i key={part.name} class={isHatched(part.slot) ? "h" : ""}
            style={{ "--c": `var(${serviceToken(part.slot)})`, width: `${part.share * 100}%` }} />)}
        <i class="rest" />
    </div>;
}
