// spark.tsx -- a line without axes beside a figure. Gaps are gaps; the table it stands in has the figures.
export function Spark({ points, isError, label }: { points: readonly (number | null)[]; isError?: boolean; label: string }) {
    const width = 72, height = 18;
    const top = Math.max(0, ...points.map(point => point ?? 0)) * 1.08 || 1;
    const x = (i: number): string => ((i / Math.max(1, points.length - 1)) * width).toFixed(1);
    const y = (value: number): string => (height - (value / top) * (height - 1)).toFixed(1);
    const runs: string[] = [];
    let run = "";
    points.forEach((point, i) => {
        if (point === null) { if (run) runs.push(run); run = ""; } else run += `${run ? "L" : "M"}${x(i)} ${y(point)}`;
    });
    if (run) runs.push(run);
    return <svg class={isError ? "spark bad" : "spark"} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {runs.map(d => <path key={d} class="line" d={d} />)}
    </svg>;
}
