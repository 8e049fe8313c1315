// picture_table.tsx -- the picture's figures as a table, one row a step of time.
import { columnQuantiles, columnSums, type Histogram } from "../../model/heat.ts";
import { count } from "../../model/number.ts";
import { boxText } from "../../model/search_query.ts";
import { clock, day, isSameDay, timeAfter, zoneName, type Zone } from "../../model/time.ts";
import { change } from "../../state/url.ts";
import { Duration } from "../../widgets/figure.tsx";

export function PictureTable({ histogram, z }: { histogram: Histogram; z: Zone }) {
    const { startTime, stepNs, columnCount, boundsNs } = histogram;
    const sums = columnSums(histogram);
    const quantiles = [0.5, 0.95, 0.99].map(share => columnQuantiles(histogram, share));
    const last = timeAfter(startTime, stepNs * columnCount);
    const boxFor = (i: number): string => boxText({ t0: timeAfter(startTime, i * stepNs), t1: timeAfter(startTime, (i + 1) * stepNs), d0: 0, d1: boundsNs.at(-1) ?? 1 });
    return <div class="pictable" tabIndex={0} role="region" aria-label="Duration over time as a table"><table class="t compact">
        <caption class="sr">Spans by start; quantiles are read off rows that are a third wide</caption>
        <thead><tr><th scope="col">From, {zoneName(z, startTime)}</th><th scope="col" class="num">Spans</th><th scope="col" class="num">Errors</th>
            <th scope="col" class="num">≈ p50</th><th scope="col" class="num">≈ p95</th><th scope="col" class="num">≈ p99</th></tr></thead>
        <tbody>{Array.from({ length: columnCount }, (_, i) => i).filter(i => sums.spanCount[i]! > 0).map(i => {
            const time = timeAfter(startTime, i * stepNs);
            return <tr key={i}><td>{isSameDay(startTime, last, z) ? "" : `${day(time, z).slice(5)} `}{clock(time, z, 0)}</td>
                <td class="num"><button type="button" class="aslink" onClick={() => change({ box: boxFor(i), pic: null, after: null })}>{count(sums.spanCount[i]!)}</button></td>
                <td class={sums.errorCount[i] ? "num err" : "num"}>{count(sums.errorCount[i]!)}</td>
                {quantiles.map((q, k) => <td key={k} class="num"><Duration ns={q[i]!} /></td>)}</tr>;
        })}</tbody></table></div>;
}
