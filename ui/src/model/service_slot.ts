// service_slot.ts -- the colour slot of a service: what the server says; from a server that does not say, one drawn
// from the name, so that a service has its colour in every trace and on every page. 0: neutral.

const SLOTS = 16;

function slotOfName(name: string): number {
    if (name === "") return 0;
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % SLOTS + 1;
}

export const slotOf = (told: unknown, name: string): number =>
    typeof told === "number" && Number.isInteger(told) && told >= 0 ? (told <= SLOTS ? told : 0) : slotOfName(name);
