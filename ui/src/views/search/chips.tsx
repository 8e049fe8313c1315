// chips.tsx -- the query as chips: each part of a condition has its own menu, each change is asked at once.
import { fetchSuggestions } from "../../api/suggest.ts";
import { addGroup, addPiece, condition, printPiece, relationWords, removeGroup, removePiece, removeStage, setPiece, setRelation,
    type Chips, type Piece } from "../../model/traceql_chips.ts";
import { closedValues, fieldWords, isDurationField, operatorsFor, operatorWords, valueLiteral, valueWords } from "../../model/traceql_words.ts";
import { unquoted } from "../../model/traceql_tokens.ts";
import { isRootPiece } from "../../model/search_query.ts";
import { rangeParams } from "../../state/range.ts";
import { slotOf } from "../../state/services.ts";
import { useState } from "preact/hooks";
import { Icon } from "../../widgets/icon.tsx";
import { Popover } from "../../widgets/popover.tsx";
import { Swatch } from "../../widgets/service.tsx";
import { askChips, chips } from "./search_state.ts";
import { itemOf, SuggestMenu, type MenuItem } from "./suggest_menu.tsx";

const SUGGESTIONS = 40;

async function findFields(typed: string, abort: AbortSignal): Promise<MenuItem[]> {
    const text = `{ ${typed}`;
    const { suggestions } = await fetchSuggestions(text, [...text].length, { limit: SUGGESTIONS, ...rangeParams() }, abort);
    return suggestions.filter(s => s.kind === "attribute" || s.kind === "intrinsic").map(s => itemOf(s, fieldWords(s.text)));
}

const durations = ["10ms", "50ms", "100ms", "200ms", "500ms", "1s", "2s", "5s"];

const findValues = (field: string) => async (typed: string, abort: AbortSignal): Promise<MenuItem[]> => {
    const closed = closedValues[field] ?? (isDurationField(field) ? durations : null);
    if (closed) return closed.filter(v => v.startsWith(typed.trim())).map(text => ({ text, label: valueWords(text), spanCount: 0 }));
    const start = /^-?\d/.test(typed) || typed === "" ? typed : `"${typed.replaceAll('"', '\\"')}`;
    const text = `{ ${field} = ${start}`;
    const { suggestions } = await fetchSuggestions(text, [...text].length, { limit: SUGGESTIONS, ...rangeParams() }, abort);
    return suggestions.filter(s => s.kind === "value").map(s => ({ ...itemOf(s, valueWords(s.text)), isService: field === "resource.service.name" }));
};

const defaultOperator = (field: string): string => (isDurationField(field) ? ">" : "=");

/* First the field, then its value; the operator is a click on the chip away. */
function NewCondition({ close, add }: { close: () => void; add: (piece: Piece) => void }) {
    const [field, setField] = useState("");
    const [operator, setOperator] = useState("=");
    if (!field) {
        return <SuggestMenu key="field" label="Attribute" placeholder="Attribute" find={findFields}
            choose={item => { setField(item.text); setOperator(defaultOperator(item.text)); }} />;
    }
    const take = (value: string): void => { close(); add(condition(field, operator, value)); };
    return <>
        <div class="row spick"><b class="small ell" title={field}>{fieldWords(field)}</b>
            <select class="inp s" aria-label="Operator" value={operator} onChange={event => setOperator(event.currentTarget.value)}>
                {operatorsFor(field, "").map(o => <option key={o} value={o}>{operatorWords(o)}</option>)}</select></div>
        <SuggestMenu key="value" label={`Value of ${fieldWords(field)}`} placeholder={isDurationField(field) ? "800 ms" : "Value"} find={findValues(field)}
            choose={item => take(item.text)} chooseTyped={typed => take(valueLiteral(field, typed))} />
    </>;
}

const Menu = ({ items, current, choose }: { items: readonly (readonly [id: string, words: string])[]; current: string; choose: (id: string) => void }) =>
    <div class="oplist">{items.map(([id, words]) => <button key={id} type="button" role="menuitemradio" aria-checked={id === current} class="menu-item"
        onClick={() => choose(id)}><code class="opsign">{id}</code><span>{words}</span></button>)}</div>;

function ConditionParts({ piece, set, isLast }: { piece: Extract<Piece, { kind: "condition" }>; set: (piece: Piece) => void; isLast?: () => void }) {
    const { field, operator, value } = piece;
    const words = valueWords(value);
    const onBackspace = (event: KeyboardEvent): void => { if ((event.key === "Backspace" || event.key === "Delete") && isLast) { event.preventDefault(); isLast(); } };
    if (isRootPiece(piece)) return <span class="v" title={printPiece(piece)}>root spans</span>;
    return <span class="parts" onKeyDown={event => { if ((event.target as HTMLElement).tagName !== "INPUT") onBackspace(event); }}>
        <Popover label={`Attribute: ${field}`} buttonClass="k" button={fieldWords(field)} panelClass="menu">
            {close => <SuggestMenu label="Attribute" placeholder={field} find={findFields} choose={item => { close(); set(condition(item.text, defaultOperator(item.text) === ">" ? ">" : operator, value)); }} />}
        </Popover>
        <Popover label={`Operator: ${operatorWords(operator)}`} buttonClass="op" button={operator} panelClass="menu" kind="menu">
            {close => <Menu items={operatorsFor(field, value).map(o => [o, operatorWords(o)] as const)} current={operator}
                choose={chosen => { close(); set(condition(field, chosen, value)); }} />}
        </Popover>
        <Popover label={`Value: ${words}`} buttonClass="v" panelClass="menu"
            button={<>{field === "resource.service.name" && operator === "=" && <Swatch slot={slotOf(unquoted(value))} />}<span class="ell">{words}</span></>}>
            {close => <SuggestMenu label={`Value of ${fieldWords(field)}`} placeholder={words} initial={words} find={findValues(field)}
                choose={item => { close(); set(condition(field, operator, item.text)); }}
                chooseTyped={typed => { close(); set(condition(field, operator, valueLiteral(field, typed))); }} />}
        </Popover>
    </span>;
}

const nameOf = (piece: Piece): string => (piece.kind === "condition" ? fieldWords(piece.field) : piece.text);

const Remove = ({ label, run }: { label: string; run: () => void }) =>
    <button type="button" class="x" aria-label={`Remove ${label}`} onClick={run}><Icon name="close" small /></button>;

function Chip({ at, index, piece, from }: { at: number; index: number; piece: Piece; from: Chips }) {
    const remove = (): void => askChips(removePiece(from, at, index));
    if (piece.kind === "written") {
        return <span class="chip grey" title={piece.text}><span class="k">as written</span><code class="v ell">{piece.text}</code><Remove label="what is written" run={remove} /></span>;
    }
    return <span class="chip"><ConditionParts piece={piece} set={next => askChips(setPiece(from, at, index, next))} isLast={remove} /><Remove label={nameOf(piece)} run={remove} /></span>;
}

const relationChoices = ([">>", ">", "<<", "<", "~", "&&", "||", "!>>", "!<<"] as const).map(id => [id, relationWords[id]!] as const);

/* The spans found stand in this relation to those of the conditions before it. */
function Relation({ at, from }: { at: number; from: Chips }) {
    const relation = from.relations[at - 1]!;
    const pieces = from.groups[at]!.pieces;
    return <span class="chip dashed" role="group" aria-label={`Relation: ${relationWords[relation] ?? relation}`}>
        <Popover label="How it is related" buttonClass="k" button={relationWords[relation] ?? relation} panelClass="menu" kind="menu">
            {close => <Menu items={relationChoices} current={relation} choose={chosen => { close(); askChips(setRelation(from, at - 1, chosen)); }} />}
        </Popover><span class="op">:</span>
        {pieces.length === 0 && <span class="v">any span</span>}
        {pieces.map((piece, i) => <>{i > 0 && <span class="op">and</span>}
            {piece.kind === "written" ? <code class="v ell" title={piece.text}>{piece.text}</code>
                : <ConditionParts key={i} piece={piece} set={next => askChips(setPiece(from, at, i, next))}
                    isLast={() => askChips(removePiece(from, at, i))} />}</>)}
        <Popover label="One more condition" buttonClass="x" button={<Icon name="plus" small />} panelClass="menu">
            {close => <NewCondition close={close} add={piece => askChips(addPiece(from, piece, at))} />}</Popover>
        <Remove label={relationWords[relation] ?? "relation"} run={() => askChips(removeGroup(from, at))} />
    </span>;
}

export function ChipRow() {
    const from = chips.value;
    return <>
        {from.written !== null
            ? <span class="chip grey" title={from.written}><span class="k">as written</span><code class="v ell">{from.written}</code></span>
            : from.groups[0]!.pieces.map((piece, i) => <Chip key={`${i}${printPiece(piece)}`} at={0} index={i} piece={piece} from={from} />)}
        <Popover label="Add a condition" buttonClass="btn s quiet" button={<><Icon name="plus" small />Condition</>} panelClass="menu">
            {close => <NewCondition close={close} add={piece => askChips(addPiece(from, piece, 0))} />}</Popover>
        {from.written === null && <>
            {from.groups.length > 1 && <span class="in">and to it</span>}
            {from.groups.slice(1).map((_, i) => <Relation key={i} at={i + 1} from={from} />)}
            <Popover label="Add spans above, below or beside" buttonClass="btn s quiet" button={<><Icon name="plus" small />Relation</>} panelClass="menu">
                {close => <NewRelation close={close} from={from} />}</Popover>
        </>}
        {from.stages.map((stage, i) => byField(stage) ? <ByChip key={i} at={i} from={from} field={byField(stage)!} /> : <span key={i} class="chip grey" title={stage}><span class="op">|</span><code class="v ell">{stage}</code>
            <Remove label={stage} run={() => askChips(removeStage(from, i))} /></span>)}
    </>;
}

const byField = (stage: string): string | null => /^by\s*\(\s*([^(),|]+?)\s*\)$/.exec(stage)?.[1] ?? null;

function ByChip({ at, from, field }: { at: number; from: Chips; field: string }) {
    const set = (text: string): void => askChips({ ...from, stages: from.stages.map((s, i) => (i === at ? `by(${text})` : s)) });
    return <span class="chip"><span class="k">grouped by</span>
        <Popover label={`Grouped by ${field}`} buttonClass="v" button={<span class="ell">{fieldWords(field)}</span>} panelClass="menu">
            {close => <SuggestMenu label="Attribute" placeholder={field} find={findFields} choose={item => { close(); set(item.text); }} />}</Popover>
        <Remove label="grouping" run={() => askChips(removeStage(from, at))} /></span>;
}

function NewRelation({ close, from }: { close: () => void; from: Chips }) {
    const [relation, setRelationText] = useState("");
    if (!relation) return <Menu items={relationChoices} current="" choose={setRelationText} />;
    return <><p class="small spick"><b>{relationWords[relation]}</b> with</p>
        <NewCondition close={close} add={piece => askChips(addGroup(from, relation, [piece]))} /></>;
}
