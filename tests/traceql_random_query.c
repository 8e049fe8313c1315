/* traceql_random_query.c -- random queries; see traceql_random.h. Parts are of the types their places want, so that nearly all parse. */
#include "traceql_random.h"

struct writer {
    struct weft_random *random;
    struct weft_buf *out;
};

static uint32_t below(struct writer *w, uint32_t limit)
{
    return (uint32_t)weft_random_below(w->random, limit);
}

static bool one_in(struct writer *w, uint32_t n)
{
    return below(w, n) == 0;
}

static void put(struct writer *w, const char *text)
{
    weft_buf_append_c(w->out, text);
}

#define PICK(w, items) (items)[below((w), (uint32_t)(sizeof(items) / sizeof((items)[0])))]

/* ---- literals ---- */

static void put_string(struct writer *w)
{
    const char *word = random_words[below(w, random_word_count)];
    put(w, "\"");
    for (; *word != '\0'; word++) {
        if (*word == '\n')
            put(w, "\\n");
        else
            weft_buf_append_byte(w->out, *word);
    }
    put(w, "\"");
}

static void put_duration(struct writer *w)
{
    static const char *const units[] = { "0s",    "1ns", "1us", "1ms",   "1.5ms",
                                         "500ms", "1s",  "2s",  "3s1ns", "999ns" };
    put(w, PICK(w, units));
}

static void put_number(struct writer *w)
{
    static const char *const floats[] = { "0.5", "1.0", "1.5",   "2e0",
                                          "0.0", "3.5", "1e300", "9007199254740992.0" };
    int64_t number = random_ints[below(w, random_int_count)];

    switch (below(w, 6)) {
    case 0: put(w, PICK(w, floats)); break;
    case 1: put_duration(w); break;
    case 2:
        if (one_in(w, 8)) {
            put(w, one_in(w, 2) ? "minInt" : "maxInt");
            break;
        } /* else */
        __attribute__((fallthrough));
    default:
        if (number < 0)
            weft_buf_printf(w->out, "(-%lld)", -(long long)number);
        else
            weft_buf_printf(w->out, "%lld", (long long)number);
    }
}

static void put_literal(struct writer *w)
{
    static const char *const others[] = { "true",  "false",  "error",  "ok",
                                          "unset", "server", "client", "internal" };
    switch (below(w, 5)) {
    case 0:
    case 1: put_string(w); break;
    case 2:
    case 3: put_number(w); break;
    default: put(w, PICK(w, others));
    }
}

/* ---- attributes ---- */

/* Of the key that has mostly such values; 0: any. */
static void put_attribute(struct writer *w, char key)
{
    static const char *const scopes[] = { "span.",  "span.", "span.",
                                          ".",      ".",     "resource.",
                                          "event.", "link.", "instrumentation." };
    static const char keys[] = "sifbrm";

    put(w, PICK(w, scopes));
    if (key == 's' && one_in(w, 8))
        put(w, "\"odd key\"");
    else
        weft_buf_append_byte(w->out, key != 0 && !one_in(w, 8) ? key : keys[below(w, 6)]);
}

static const char *const text_intrinsics[] = { "name",
                                               "statusMessage",
                                               "span:id",
                                               "span:parentID",
                                               "rootName",
                                               "rootServiceName",
                                               "event:name",
                                               "link:spanID",
                                               "instrumentation:name",
                                               "instrumentation:version",
                                               "span:name",
                                               "resource.service.name",
                                               "resource.service.name",
                                               "resource.service.name" };
static const char *const number_intrinsics[] = { "duration",        "duration",
                                                 "span:duration",   "traceDuration",
                                                 "span:childCount", "event:timeSinceStart",
                                                 "nestedSetLeft",   "nestedSetRight",
                                                 "nestedSetParent" };

static void put_number_operand(struct writer *w)
{
    static const char keys[] = { 'i', 'i', 'f', 'm' };

    if (one_in(w, 3))
        put(w, PICK(w, number_intrinsics));
    else
        put_attribute(w, PICK(w, keys));
}

/* What by(), aggregates and select() take. */
static void put_any_attribute(struct writer *w)
{
    static const char *const others[] = { "kind",   "status", "kind",
                                          "status", "name",   "resource.service.name" };
    switch (below(w, 6)) {
    case 0: put(w, PICK(w, others)); break;
    case 1: put(w, PICK(w, text_intrinsics)); break;
    case 2: put(w, PICK(w, number_intrinsics)); break;
    default: put_attribute(w, 0);
    }
}

/* ---- numbers ---- */

static void put_arithmetic(struct writer *w, uint32_t depth)
{
    static const char *const ops[] = { " + ", " - ", " * ", " / ", " % ", " ^ " };

    if (depth == 0 || one_in(w, 2)) {
        if (one_in(w, 3))
            put_number(w);
        else
            put_number_operand(w);
        return;
    }
    const bool has_parentheses = !one_in(w, 4);
    if (has_parentheses) put(w, "(");
    if (one_in(w, 8)) put(w, "-");
    put_arithmetic(w, depth - 1);
    put(w, PICK(w, ops));
    put_arithmetic(w, depth - 1);
    if (has_parentheses) put(w, ")");
}

/* ---- conditions ---- */

static const char *const comparisons[] = { " = ", " = ", " != ", " < ", " <= ", " > ", " >= " };
static const char *const equalities[] = { " = ", " != " };

static void put_text_condition(struct writer *w)
{
    static const char *const patterns[] = { "x",    "x|y",    ".*",          "",
                                            "x.*",  "[a-z]+", "(?i)x",       "x.y",
                                            "G?ET", "[^x]*",  "0+[0-9a-f]+", "(x|y|xy)+" };

    if (one_in(w, 2))
        put_attribute(w, 's');
    else
        put(w, PICK(w, text_intrinsics));
    if (one_in(w, 4)) {
        put(w, one_in(w, 2) ? " =~ " : " !~ ");
        weft_buf_printf(w->out, "`%s`", PICK(w, patterns));
        return;
    }
    put(w, PICK(w, comparisons));
    if (one_in(w, 10))
        put_attribute(w, 's');
    else
        put_string(w);
}

static void put_id_condition(struct writer *w)
{
    uint32_t n = below(w, 8);
    switch (below(w, 3)) {
    case 0: /* the number is the last byte; the first eight are zero or alike */
        weft_buf_printf(w->out, "trace:id %s \"%s%016x\"", one_in(w, 4) ? "!=" : "=",
                        one_in(w, 2) ? "" : "0000000000000000", n + 1);
        break;
    case 1:
        weft_buf_printf(w->out, "span:id%s\"%02x000000000000%02x\"", PICK(w, comparisons),
                        (n * 37) & 255, n + 1);
        break;
    default:
        weft_buf_printf(w->out, "span:parentID%s\"%02x000000000000%02x\"", PICK(w, comparisons),
                        (n * 37) & 255, n + 1);
    }
}

static void put_word_condition(struct writer *w)
{
    static const char *const statuses[] = { "error", "ok", "unset" };
    static const char *const kinds[] = { "server",      "client",   "internal",
                                         "unspecified", "producer", "consumer" };

    if (one_in(w, 2)) {
        put(w, "status");
        put(w, PICK(w, equalities));
        put(w, PICK(w, statuses));
    } else {
        put(w, "kind");
        put(w, PICK(w, equalities));
        put(w, PICK(w, kinds));
    }
}

static void put_simple_condition(struct writer *w)
{
    switch (below(w, 14)) {
    case 0:
    case 1:
    case 2: put_text_condition(w); break;
    case 3:
    case 4:
        put_number_operand(w);
        put(w, PICK(w, comparisons));
        put_number(w);
        break;
    case 5:
        put_arithmetic(w, 2);
        put(w, PICK(w, comparisons));
        put_arithmetic(w, 2);
        break;
    case 6: put_id_condition(w); break;
    case 7: put_word_condition(w); break;
    case 8:
        put_attribute(w, 0);
        put(w, one_in(w, 2) ? " = nil" : " != nil");
        break;
    case 9: /* whatever against whatever */
        put_attribute(w, 0);
        put(w, PICK(w, equalities));
        put_literal(w);
        break;
    case 10:
        put_literal(w);
        put(w, PICK(w, equalities));
        put_attribute(w, 0);
        break;
    case 11:
        put_attribute(w, 0);
        put(w, PICK(w, comparisons));
        put_attribute(w, 0);
        break;
    case 12: put_attribute(w, 'b'); break;
    default: put(w, one_in(w, 4) ? "false" : "true");
    }
}

static void put_condition(struct writer *w, uint32_t depth)
{
    if (depth == 0 || one_in(w, 3)) {
        put_simple_condition(w);
        return;
    }
    switch (below(w, 8)) {
    case 0:
        put(w, "!(");
        put_condition(w, depth - 1);
        put(w, ")");
        break;
    case 1:
        put(w, "(");
        put_condition(w, depth - 1);
        put(w, one_in(w, 2) ? ") = true" : ") != false");
        break;
    case 2: /* no parentheses: the order of operators decides */
        put_condition(w, depth - 1);
        put(w, one_in(w, 2) ? " && " : " || ");
        put_condition(w, depth - 1);
        break;
    default:
        put(w, "(");
        put_condition(w, depth - 1);
        put(w, one_in(w, 3) ? ") && (" : ") || (");
        put_condition(w, depth - 1);
        put(w, ")");
    }
}

/* ---- spansets ---- */

static void put_filter(struct writer *w)
{
    if (one_in(w, 4)) {
        put(w, "{}");
        return;
    }
    put(w, "{ ");
    put_condition(w, below(w, 4));
    put(w, " }");
}

static void put_set_operator(struct writer *w)
{
    static const char *const ops[] = { " && ", " || ", " > ",   " >> ", " < ",   " << ", " ~ ",
                                       " > ",  " >> ", " && ",  " !> ", " !>> ", " !< ", " !<< ",
                                       " !~ ", " &> ", " &>> ", " &< ", " &<< ", " &~ " };
    put(w, PICK(w, ops));
}

static void put_set(struct writer *w, uint32_t depth)
{
    if (depth == 0 || one_in(w, 2)) {
        put_filter(w);
        return;
    }
    const bool has_parentheses = one_in(w, 2);
    if (has_parentheses) put(w, "(");
    put_set(w, depth - 1);
    if (has_parentheses) put(w, ")");
    put_set_operator(w);
    if (has_parentheses) put(w, "(");
    put_set(w, depth - 1);
    if (has_parentheses) put(w, ")");
}

/* ---- pipelines ---- */

static void put_aggregate_stage(struct writer *w)
{
    static const char *const functions[] = { "min", "max", "avg", "sum" };

    if (one_in(w, 2)) {
        put(w, "count()");
        put(w, PICK(w, comparisons));
        weft_buf_printf(w->out, "%u", below(w, 3));
        return;
    }
    put(w, PICK(w, functions));
    put(w, "(");
    if (one_in(w, 4))
        put_arithmetic(w, 2);
    else
        put_number_operand(w);
    put(w, ")");
    put(w, PICK(w, comparisons));
    put_number(w);
}

static void put_stage(struct writer *w, bool is_first)
{
    switch (below(w, 8)) {
    case 0:
    case 1:
        put(w, "by(");
        if (one_in(w, 6))
            put_arithmetic(w, 1);
        else
            put_any_attribute(w);
        put(w, ")");
        break;
    case 2:
    case 3: put_aggregate_stage(w); break;
    case 4:
        if (!is_first) {
            put(w, "coalesce()");
            break;
        } /* else */
        __attribute__((fallthrough));
    case 5:
        put(w, "select(");
        for (uint32_t more = below(w, 3);; more--) {
            put_any_attribute(w);
            if (more == 0) break;
            put(w, ", ");
        }
        put(w, ")");
        break;
    default: put_set(w, 1);
    }
}

static void put_pipeline(struct writer *w, uint32_t stages)
{
    if (one_in(w, 12))
        put_stage(w, true);
    else
        put_set(w, below(w, 3));
    for (; stages > 0; stages--) {
        put(w, " | ");
        put_stage(w, false);
    }
}

static void put_pipeline_expression(struct writer *w, uint32_t depth)
{
    if (depth == 0) {
        put(w, "(");
        put_pipeline(w, below(w, 3));
        put(w, ")");
        return;
    }
    put_pipeline_expression(w, depth - 1);
    put_set_operator(w);
    put_pipeline_expression(w, depth - 1);
}

void random_search(struct weft_buf *out, struct weft_random *random)
{
    struct writer w = { random, out };

    weft_buf_reset(out);
    if (one_in(&w, 10))
        put_pipeline_expression(&w, 1 + below(&w, 2));
    else
        put_pipeline(&w, one_in(&w, 2) ? 0 : 1 + below(&w, 3));
}

/* ---- metrics ---- */

static void put_by(struct writer *w, uint32_t labels_max)
{
    if (one_in(w, 2)) return;
    put(w, " by(");
    for (uint32_t more = below(w, one_in(w, 3) ? labels_max : 1);; more--) {
        put_any_attribute(w);
        if (more == 0) break;
        put(w, ", ");
    }
    put(w, ")");
}

static void put_function(struct writer *w)
{
    static const char *const of_values[] = { "min_over_time(", "max_over_time(", "avg_over_time(",
                                             "sum_over_time(" };
    static const char *const quantiles[] = { ", 0.5)", ", 0.99)", ", 0, 1)", ", 0.1, 0.5, 0.9)" };

    switch (below(w, 6)) {
    case 0:
    case 1:
        put(w, one_in(w, 2) ? "rate()" : "count_over_time()");
        put_by(w, 5);
        break;
    case 2:
    case 3:
        put(w, PICK(w, of_values));
        put_number_operand(w);
        put(w, ")");
        put_by(w, 5);
        break;
    case 4:
        put(w, "histogram_over_time(");
        put_number_operand(w);
        put(w, ")");
        put_by(w, 4);
        break;
    default:
        put(w, "quantile_over_time(");
        put_number_operand(w);
        put(w, PICK(w, quantiles));
        put_by(w, 4);
    }
}

static void put_second(struct writer *w)
{
    static const char *const filters[] = { " > 0",  " >= 1",  " < 2", " <= 0.5",
                                           " != 0", " > 1ms", " = 1" };

    if (one_in(w, 2))
        weft_buf_printf(w->out, " | %s(%u)", one_in(w, 2) ? "topk" : "bottomk", 1 + below(w, 3));
    else
        put(w, PICK(w, filters));
}

static void put_metric(struct writer *w)
{
    if (one_in(w, 3))
        put(w, "{}");
    else
        put_pipeline(w, one_in(w, 3) ? 1 : 0);
    put(w, " | ");
    put_function(w);
    if (one_in(w, 4)) put_second(w);
}

static void put_metric_expression(struct writer *w, uint32_t depth)
{
    static const char *const ops[] = { " + ", " - ", " * ", " / " };
    static const char *const numbers[] = { "2", "0.5", "0", "100", "(1 / 2)", "(1.0 / 2)" };

    if (depth == 0) {
        put(w, "(");
        put_metric(w);
        put(w, ")");
        return;
    }
    const bool has_parentheses = one_in(w, 2);
    if (has_parentheses) put(w, "(");
    if (one_in(w, 4))
        put(w, PICK(w, numbers));
    else
        put_metric_expression(w, depth - 1);
    put(w, PICK(w, ops));
    put_metric_expression(w, depth - 1);
    if (has_parentheses) {
        put(w, ")");
        return;
    }
    put(w, PICK(w, ops));
    put(w, PICK(w, numbers));
}

void random_metrics(struct weft_buf *out, struct weft_random *random)
{
    struct writer w = { random, out };

    weft_buf_reset(out);
    if (one_in(&w, 5)) {
        put_metric_expression(&w, 1 + below(&w, 2));
        if (one_in(&w, 4)) put_second(&w);
    } else {
        put_metric(&w);
    }
    if (one_in(&w, 10)) put_second(&w);
}
