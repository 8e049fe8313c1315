// ways.ts -- seven ways to send a first trace, with this server's addresses; each works when pasted.

export interface Way { name: string; install: { title: string; code: string }; start: { title: string; code: string }; hint: string }
export interface Addresses { grpc: string; http: string; now: bigint }

const variables = (endpoint: string, protocol: string): string => [
    "OTEL_SERVICE_NAME=my-service", `OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`, `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}`,
    "OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none"].map(line => `${line} \\\n`).join("");

const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join("").replace(/^0/, "1");

/** One span in OTLP JSON, 100 ms long, ending now. */
export function helloSpan(now: bigint): string {
    return JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "my-service" } }] },
        scopeSpans: [{ spans: [{ traceId: hex(32), spanId: hex(16), name: "hello", kind: 2,
            startTimeUnixNano: String(now - 100_000_000n), endTimeUnixNano: String(now) }] }] }] });
}

export function ways({ grpc, http, now }: Addresses): readonly Way[] {
    return [
        { name: "Python", install: { title: "Install, in the program's environment", code: "pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install" },
            start: { title: "Start it with these variables", code: `${variables(grpc, "grpc")}opentelemetry-instrument python app.py` }, hint: "Python sends every 5 s." },
        { name: "Go", install: { title: "Add to main, and wrap the handler", code: "exporter, _ := otlptracegrpc.New(ctx)\nprovider := trace.NewTracerProvider(trace.WithBatcher(exporter))\ndefer provider.Shutdown(ctx)\notel.SetTracerProvider(provider)\nhttp.ListenAndServe(\":8080\", otelhttp.NewHandler(mux, \"server\"))" },
            start: { title: "Start it with these variables", code: `${variables(grpc, "grpc")}./app` }, hint: "Go sends every 5 s." },
        { name: "Java", install: { title: "Fetch the agent, once", code: "curl -LO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar" },
            start: { title: "Start it with these variables", code: `${variables(http, "http/protobuf")}java -javaagent:opentelemetry-javaagent.jar -jar app.jar` }, hint: "The agent sends every 5 s." },
        { name: "Node.js", install: { title: "Install, in the project", code: "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node" },
            start: { title: "Start it with these variables", code: `${variables(http, "http/protobuf")}OTEL_NODE_RESOURCE_DETECTORS=env,host,os,process \\\nnode --require @opentelemetry/auto-instrumentations-node/register app.js` }, hint: "Node.js sends every 5 s." },
        { name: "C", install: { title: "hello.c: one span as OTLP JSON, by libcurl", code: `#include <curl/curl.h>\nint main(void)\n{\n    const char *span = ${JSON.stringify(helloSpan(now))};\n    CURL *curl = curl_easy_init();\n    curl_easy_setopt(curl, CURLOPT_URL, "${http}/v1/traces");\n    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, curl_slist_append(NULL, "content-type: application/json"));\n    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, span);\n    return curl_easy_perform(curl);\n}` },
            start: { title: "Build and start it", code: "cc hello.c -o hello -lcurl && ./hello" }, hint: "" },
        { name: "No code change", install: { title: "Python, Java and Node.js need none: see there. Any other program on Linux: OpenTelemetry's eBPF instrumentation", code: "docker pull otel/ebpf-instrument:main" },
            start: { title: "Watch the program that listens on port 8080", code: `docker run --rm --privileged --pid=host --network=host \\\n  -e OTEL_EBPF_OPEN_PORT=8080 \\\n  -e OTEL_EXPORTER_OTLP_ENDPOINT=${http} \\\n  otel/ebpf-instrument:main` }, hint: "" },
        { name: "curl", install: { title: "Nothing to install", code: "# one span, by hand" },
            start: { title: "Send it", code: `curl ${http}/v1/traces -H "content-type: application/json" \\\n  -d '${helloSpan(now)}'` }, hint: "" },
    ];
}
