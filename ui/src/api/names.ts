// names.ts -- services and operations with their counts.
import { fieldsOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { ask } from "./client.ts";

export interface ServiceName { name: string; slot: number; spanCount: number; errorCount: number }

export async function fetchServices(signal?: AbortSignal): Promise<ServiceName[]> {
    const answer = fieldsOf(await ask("/services", {}, signal));
    return listOf(answer["services"]).map(fieldsOf).map(service => ({
        name: textOf(service["name"]), slot: numberOf(service["slot"]),
        spanCount: numberOf(service["span_count"]), errorCount: numberOf(service["error_count"]),
    }));
}

export interface OperationName { serviceName: string; name: string; spanCount: number }

/** Of all services. */
export async function fetchOperations(signal?: AbortSignal): Promise<OperationName[]> {
    const answer = fieldsOf(await ask("/operations", {}, signal));
    return listOf(answer["operations"]).map(fieldsOf).map(operation => ({ serviceName: textOf(operation["service_name"]),
        name: textOf(operation["name"]), spanCount: numberOf(operation["span_count"]) }));
}
