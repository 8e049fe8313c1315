// figure.tsx -- a number and its unit; the exact value is one hover or focus away.
import { bytes, duration, exactDuration, grouped, type Figure } from "../model/number.ts";

export const FigureText = ({ figure, title, class: extra }: { figure: Figure; title?: string; class?: string }) =>
    <span class={extra ? `n ${extra}` : "n"} title={title}>{figure.value}{figure.unit && <span class="u">{figure.unit}</span>}</span>;

export const Duration = ({ ns, class: extra }: { ns: number; class?: string }) =>
    <FigureText figure={duration(ns)} title={exactDuration(ns)} class={extra ?? ""} />;

export const Bytes = ({ value }: { value: number }) => <FigureText figure={bytes(value)} title={`${grouped(value)} bytes`} />;
