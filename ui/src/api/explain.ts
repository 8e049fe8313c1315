// explain.ts -- how a query is answered (docs/api/explain.md).
import { fieldsOf, flagOf, listOf, numberOf, textOf } from "../model/untrusted.ts";
import { inspectedOf, type Inspected } from "./query.ts";
import { ask, type Params } from "./client.ts";

export interface PlanPiece { kind: string; count: number; read: number; passedOver: { reason: string; count: number }[] }
export interface PlanCondition { condition: string; blocks: number; blocksWithout: number; rowsIn: number; rowsOut: number; bytes: number; timeNs: number }
export interface PlanStep { step: string; countIn: number | null; countOut: number | null; bytes: number; timeNs: number }
export interface PlanPass {
    purpose: string; wayText: string; wayReason: string; selection: string; isExact: boolean; inexactReason: string;
    pieces: PlanPiece[]; conditions: PlanCondition[]; candidates: number | null; steps: PlanStep[]; inspected: Inspected; partial: string | null;
}
export interface Plan { query: string; passes: PlanPass[]; timeNs: number; cpuNs: number; inspected: Inspected; partial: string | null }
export interface Estimate { bytesLeast: number; bytesMost: number }

const reasons = ["nothing_can_match", "out_of_range", "too_old", "not_reached", "damaged"];
const countOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

function passOf(value: unknown): PlanPass {
    const p = fieldsOf(value);
    return {
        purpose: textOf(p["purpose"]), wayText: textOf(p["way_text"]), wayReason: textOf(p["way_reason"]), selection: textOf(p["selection"]),
        isExact: flagOf(p["is_exact"]), inexactReason: textOf(p["inexact_reason"]), candidates: countOf(p["candidates"]),
        pieces: listOf(p["pieces"]).map(fieldsOf).map(piece => ({ kind: textOf(piece["kind"]), count: numberOf(piece["count"]), read: numberOf(piece["read"]),
            passedOver: reasons.map(reason => ({ reason: reason.replaceAll("_", " "), count: numberOf(piece[reason]) })).filter(r => r.count > 0) })),
        conditions: listOf(p["conditions"]).map(fieldsOf).map(c => ({ condition: textOf(c["condition"]), blocks: numberOf(c["blocks"]),
            blocksWithout: numberOf(c["blocks_without"]), rowsIn: numberOf(c["rows_in"]), rowsOut: numberOf(c["rows_out"]), bytes: numberOf(c["bytes"]), timeNs: numberOf(c["time_ns"]) })),
        steps: listOf(p["steps"]).map(fieldsOf).map(s => ({ step: textOf(s["step"]), countIn: countOf(s["in"]), countOut: countOf(s["out"]),
            bytes: numberOf(s["bytes"]), timeNs: numberOf(s["time_ns"]) })),
        inspected: inspectedOf(p["inspected"]), partial: textOf(p["partial"]) || null,
    };
}

function planOf(value: unknown): Plan {
    const answer = fieldsOf(value);
    return { query: textOf(answer["query"]), passes: listOf(answer["passes"]).map(passOf), timeNs: numberOf(answer["time_ns"]), cpuNs: numberOf(answer["cpu_ns"]),
        inspected: inspectedOf(answer["inspected"]), partial: textOf(answer["partial"]) || null };
}

export const fetchPlan = async (params: Params, signal?: AbortSignal): Promise<Plan> => planOf(await ask("/explain", params, signal));

/** What answering would read, told without reading it; null from a server that cannot tell. */
export async function fetchEstimate(params: Params, signal?: AbortSignal): Promise<Estimate | null> {
    const estimate = fieldsOf(fieldsOf(await ask("/explain", { ...params, run: "false" }, signal))["estimate"]);
    return typeof estimate["bytes_most"] === "number" ? { bytesLeast: numberOf(estimate["bytes_least"]), bytesMost: estimate["bytes_most"] } : null;
}
