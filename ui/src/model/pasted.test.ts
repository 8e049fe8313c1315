import assert from "node:assert/strict";
import { test } from "node:test";
import { pastedTrace } from "./pasted.ts";

test("what people paste", () => {
    const id = "4bf92f3577b34da6a3ce929d0e0e4736";
    const cases: [string, string | null, string?][] = [
        [id, id], [id.toUpperCase(), id], ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736", id],
        [`00-${id}-00f067aa0ba902b7-01`, id, "00f067aa0ba902b7"], [`traceparent: 00-${id}-00f067aa0ba902b7-00`, id, "00f067aa0ba902b7"],
        [`https://jaeger.example/trace/${id}?uiFind=x`, id], [`http://zipkin/zipkin/traces/${id}`, id],
        [`http://weft/trace/${id}?view=table&span=00f067aa0ba902b7`, id, "00f067aa0ba902b7"],
        ["a3ce929d0e0e4736", "a3ce929d0e0e4736"], ["checkout", null], ["", null], ["12345", null],
    ];
    for (const [text, traceId, spanId] of cases) assert.deepEqual(pastedTrace(text), traceId && { traceId, spanId: spanId ?? "" }, text);
});
