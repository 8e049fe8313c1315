// services.ts -- the services the server knows and their colours' slots: asked once, again after a refresh.
import { computed, signal } from "@preact/signals";
import { fetchServices, type ServiceName } from "../api/names.ts";
import { now } from "./range.ts";

const known = signal<readonly ServiceName[]>([]);
let askedFor: bigint | null = null;

/** Ask when that was not done for this "now". A failure leaves what was known: names are shown without colour. */
export function wantServices(): void {
    if (askedFor === now.value) return;
    askedFor = now.value;
    fetchServices().then(services => { known.value = services; }, () => {});
}

export const services = computed(() => known.value);
const slots = computed(() => new Map(known.value.map(service => [service.name, service.slot])));
export const slotOf = (name: string): number => slots.value.get(name) ?? 0;
