// plan.tsx -- how the query was answered: ways, conditions and steps with rows, bytes and time. Asked for when opened: the
// query is run once more for it.
import { fetchPlan, type Plan, type PlanPass } from "../../api/explain.ts";
import { bytesText, count, counted, durationText } from "../../model/number.ts";
import { useResource } from "../../state/resource.ts";
import { Bytes, Duration } from "../../widgets/figure.tsx";
import { Icon } from "../../widgets/icon.tsx";
import { Failure, Skeleton } from "../../widgets/states.tsx";
import { groupField, plainQuery } from "../../model/search_query.ts";
import { askedChips, kind, listParams, query } from "./search_state.ts";
import { rangeParams } from "../../state/range.ts";

const stepWords: Record<string, string> = { prepare: "Files opened, names looked up", split: "Traces in several parts told apart", find: "Columns asked",
    columns: "Wanted columns read", read: "Traces put together", judge: "Query judged on whole traces", count: "Spans counted" };

/* As the list asks it; groups and series explain their first question. */
function planParams(): Parameters<typeof fetchPlan>[0] {
    if (kind.value === "traces" || kind.value === "spans") return { ...listParams(kind.value), type: kind.value };
    if (kind.value === "groups") return { q: `${plainQuery(askedChips.value)} | count_over_time() by (${groupField(askedChips.value)})`, instant: true, ...rangeParams() };
    return { q: query.value, ...rangeParams() };
}

const Pass = ({ pass, several }: { pass: PlanPass; several: boolean }) => <div class="pass">
    {several && <h3>{pass.purpose}</h3>}
    <p><b>{pass.wayText ? pass.wayText[0]!.toUpperCase() + pass.wayText.slice(1) : "Nothing to read"}.</b> {pass.wayReason}</p>
    {pass.selection && <p class="small">Looked for <code>{pass.selection}</code>{pass.isExact ? ": exactly what the query means." : `: more than the query means, ${pass.inexactReason || "so traces are read whole and judged"}.`}</p>}
    <p class="small t2">{pass.pieces.map((piece, i) => `${i ? " · " : ""}${counted(piece.count, piece.kind.replaceAll("_", " "))}, ${count(piece.read)} read${piece.passedOver.map(r => `, ${count(r.count)} passed over: ${r.reason}`).join("")}`)}</p>
    <div class="plantables">
        {pass.conditions.length > 0 && <table class="t compact"><caption class="sr">Conditions</caption><thead><tr><th scope="col">Condition</th><th scope="col" class="num">Rows in</th><th scope="col" class="num">Rows out</th><th scope="col" class="num">Read</th><th scope="col" class="num">Time</th></tr></thead>
            <tbody>{pass.conditions.map((c, i) => <tr key={i}><td class="mono ell plancond" title={c.condition}>{c.condition}</td><td class="num">{count(c.rowsIn)}</td><td class="num">{count(c.rowsOut)}</td><td class="num"><Bytes value={c.bytes} /></td><td class="num"><Duration ns={c.timeNs} /></td></tr>)}</tbody></table>}
        <table class="t compact"><caption class="sr">Steps</caption><thead><tr><th scope="col">Step</th><th scope="col" class="num">In</th><th scope="col" class="num">Out</th><th scope="col" class="num">Read</th><th scope="col" class="num">Time</th></tr></thead>
            <tbody>{pass.steps.map((s, i) => <tr key={i}><td>{stepWords[s.step] ?? s.step}</td><td class="num">{s.countIn === null ? "–" : count(s.countIn)}</td><td class="num">{s.countOut === null ? "–" : count(s.countOut)}</td>
                <td class="num"><Bytes value={s.bytes} /></td><td class="num"><Duration ns={s.timeNs} /></td></tr>)}</tbody></table>
    </div></div>;

const summary = (plan: Plan): string => `${counted(plan.inspected.spans, "span")} of ${counted(plan.inspected.traces, "trace")}, ${bytesText(plan.inspected.bytes)} read in ${durationText(plan.timeNs)}`;

export function PlanPanel({ close }: { close: () => void }) {
    const found = useResource(signal => fetchPlan(planParams(), signal));
    const plan = found.value;
    return <section class="panel plan" aria-labelledby="plan-h">
        <div class="ph"><h2 id="plan-h">How this is answered</h2><span class="sub grow">{plan && summary(plan)}</span>
            <button type="button" class="btn quiet s icon" aria-label="Close the plan" onClick={close}><Icon name="close" /></button></div>
        <div class="pb">
            {found.error && (found.error.kind === "not_found"
                ? <p class="small muted">This server does not explain queries.</p> : <Failure error={found.error} again={found.again} />)}
            {!plan && found.isSlow && <Skeleton rows={4} label="Explaining" />}
            {plan?.passes.map((pass, i) => <Pass key={i} pass={pass} several={plan.passes.length > 1} />)}
        </div></section>;
}
