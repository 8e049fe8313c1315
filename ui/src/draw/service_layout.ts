// service_layout.ts -- services in layers from left to right; the layout's package is loaded when first needed.

export interface Point { x: number; y: number }
export interface ServiceLayout { width: number; height: number; nodes: Map<string, Point>; edges: Map<string, readonly Point[]> }

export async function layeredServices(names: readonly string[], calls: readonly { from: string; to: string }[], width: number, height: number): Promise<ServiceLayout> {
    const { Graph, layout } = await import("@dagrejs/dagre");
    const graph = new Graph();
    graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 44 });
    graph.setDefaultEdgeLabel(() => ({}));
    // By name: the same services stand in the same places.
    for (const name of [...names].sort()) graph.setNode(name, { width, height });
    for (const { from, to } of calls) graph.setEdge(from, to);
    layout(graph);
    const nodes = new Map<string, Point>(), edges = new Map<string, readonly Point[]>();
    for (const name of names) {
        const node = graph.node(name) as { x: number; y: number };
        nodes.set(name, { x: node.x - width / 2, y: node.y - height / 2 });
    }
    for (const { from, to } of calls) {
        const a = nodes.get(from)!, b = nodes.get(to)!, isFar = b.x - a.x > 2 * width; // passes other layers: along the way laid out for it
        const way = isFar ? ((graph.edge(from, to) as { points?: Point[] }).points ?? []).slice(1, -1) : [];
        edges.set(`${from}\n${to}`, [{ x: a.x + width, y: a.y + height / 2 }, ...way, { x: b.x, y: b.y + height / 2 }]);
    }
    const size = graph.graph() as { width?: number; height?: number };
    return { width: size.width ?? 0, height: size.height ?? 0, nodes, edges };
}
