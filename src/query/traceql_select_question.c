/* traceql_select_question.c -- an attribute or intrinsic compared with a constant, as predicates of model/predicate.h.
 *
 * What differs: an unscoped name is the resource's only where the span has none; resource.service.name, the status message and the scope's
 * version are "" where they are absent; a comparison that is not true need not have a value at all. Attributes of one key twice in a list,
 * which OTLP forbids, count by any of them for a predicate, and by the first in TraceQL: that is not looked at here.
 */
#include <math.h>
#include <stdatomic.h>

#include "query/regex.h"
#include "query/traceql_eval.h"
#include "query/traceql_scope.h"
#include "query/traceql_select_internal.h"

/* ---- Words of the one as words of the other ---- */

static enum weft_op op_of(enum weft_expr_op op)
{
    switch (op) {
    case WEFT_EXPR_NE: return WEFT_OP_NE;
    case WEFT_EXPR_LT: return WEFT_OP_LT;
    case WEFT_EXPR_LE: return WEFT_OP_LE;
    case WEFT_EXPR_GT: return WEFT_OP_GT;
    case WEFT_EXPR_GE: return WEFT_OP_GE;
    case WEFT_EXPR_MATCH: return WEFT_OP_MATCH;
    case WEFT_EXPR_NOT_MATCH: return WEFT_OP_NOT_MATCH;
    default: return WEFT_OP_EQ;
    }
}

static bool value_of(const struct weft_traceql_value *literal, struct weft_value *out)
{
    *out = (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = literal->int_value };
    switch (literal->type) {
    case WEFT_TRACEQL_STRING:
        *out = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = literal->text };
        return true;
    case WEFT_TRACEQL_BOOL:
        *out = (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = literal->bool_value };
        return true;
    case WEFT_TRACEQL_FLOAT:
        *out =
            (struct weft_value){ .type = WEFT_VALUE_DOUBLE, .double_value = literal->float_value };
        return true;
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION:
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND: return true;
    default: return false;
    }
}

static bool is_match(enum weft_expr_op op)
{
    return op == WEFT_EXPR_MATCH || op == WEFT_EXPR_NOT_MATCH;
}

/* True where op is not, of two values that have an order. */
static enum weft_expr_op opposite_of(enum weft_expr_op op)
{
    switch (op) {
    case WEFT_EXPR_EQ: return WEFT_EXPR_NE;
    case WEFT_EXPR_NE: return WEFT_EXPR_EQ;
    case WEFT_EXPR_LT: return WEFT_EXPR_GE;
    case WEFT_EXPR_LE: return WEFT_EXPR_GT;
    case WEFT_EXPR_GT: return WEFT_EXPR_LE;
    case WEFT_EXPR_GE: return WEFT_EXPR_LT;
    case WEFT_EXPR_MATCH: return WEFT_EXPR_NOT_MATCH;
    default: return WEFT_EXPR_MATCH;
    }
}

/* ---- Regular expressions ---- */

/* A text that reaches the limits neither matches nor does not: `of_limited` is what is answered then, so that neither holds. */
struct matching {
    struct weft_matcher matcher;
    const struct weft_regex *regex;
    _Atomic bool *is_limited;
    bool of_limited;
};

static bool matches(const void *self, struct weft_str text)
{
    const struct matching *matching = self;
    int answer = weft_regex_match(matching->regex, text);

    if (answer >= 0) return answer > 0;
    atomic_store_explicit(matching->is_limited, true, memory_order_relaxed);
    return matching->of_limited;
}

static const struct weft_matcher *matcher_of(struct weft_selecting *s,
                                             const struct weft_select_question *q, bool of_limited)
{
    struct matching *matching = weft_arena_alloc(s->arena, sizeof *matching);

    *matching = (struct matching){
        { matches, matching, q->literal.text }, q->regex, s->is_regex_limited, of_limited
    };
    return &matching->matcher;
}

/* ---- Leaves ---- */

static struct weft_select_set field(struct weft_selecting *s, enum weft_field field,
                                    enum weft_op op, struct weft_value value)
{
    return weft_select_leaf(s, (struct weft_predicate){ .field = field, .op = op, .value = value });
}

static struct weft_select_set is_root(struct weft_selecting *s, bool wanted)
{
    return field(s, WEFT_FIELD_IS_ROOT, WEFT_OP_EQ,
                 (struct weft_value){ .type = WEFT_VALUE_BOOL, .bool_value = wanted });
}

static struct weft_select_set either(struct weft_selecting *s, struct weft_select_set left,
                                     struct weft_select_set right)
{
    return weft_select_join(s, WEFT_SELECT_UNION, left, right);
}

static struct weft_predicate predicate_of(struct weft_selecting *s,
                                          const struct weft_select_question *q, bool wanted)
{
    enum weft_expr_op op = wanted ? q->op : opposite_of(q->op);
    struct weft_predicate p = { .op = op_of(op) };

    if (is_match(op))
        p.matcher = matcher_of(s, q, (op == WEFT_EXPR_MATCH) != wanted);
    else
        value_of(&q->literal, &p.value);
    return p;
}

/* ---- Presence ---- */

static struct weft_select_set attribute_presence(struct weft_selecting *s,
                                                 const struct weft_traceql_attribute *attribute,
                                                 bool is_there)
{
    bool is_of_carrier =
        attribute->scope == WEFT_TRACEQL_SCOPE_EVENT || attribute->scope == WEFT_TRACEQL_SCOPE_LINK;

    if (!is_there && is_of_carrier) return weft_select_everything(false); /* one that lacks it */
    return weft_select_leaf(
        s, (struct weft_predicate){ .field = WEFT_FIELD_ATTRIBUTE,
                                    .scope = weft_attribute_scope_of(attribute->scope),
                                    .key = attribute->name,
                                    .op = is_there ? WEFT_OP_EXISTS : WEFT_OP_NOT_EXISTS });
}

static bool is_service_name(const struct weft_traceql_attribute *attribute)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_RESOURCE &&
           weft_str_equal(attribute->name, WEFT_S("service.name"));
}

static struct weft_select_set always_or_never(bool is_always)
{
    return is_always ? weft_select_everything(true) : weft_select_nothing();
}

struct weft_select_set weft_select_presence(struct weft_selecting *s,
                                            const struct weft_traceql_attribute *attribute,
                                            bool is_there)
{
    if (is_service_name(attribute)) return always_or_never(is_there);
    if (attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC)
        return attribute_presence(s, attribute, is_there);
    switch (attribute->intrinsic) {
    case WEFT_INTRINSIC_EVENT_NAME:
    case WEFT_INTRINSIC_EVENT_TEXT:
    case WEFT_INTRINSIC_EVENT_TIME_SINCE_START:
        return field(s, WEFT_FIELD_EVENT_NAME, is_there ? WEFT_OP_EXISTS : WEFT_OP_NOT_EXISTS,
                     (struct weft_value){ 0 });
    case WEFT_INTRINSIC_LINK_TRACE_ID:
    case WEFT_INTRINSIC_LINK_SPAN_ID: return weft_select_everything(false);
    default: return always_or_never(is_there);
    }
}

/* ---- Attributes ---- */

static struct weft_select_set attribute_leaf(struct weft_selecting *s,
                                             const struct weft_select_question *q,
                                             enum weft_traceql_scope scope)
{
    struct weft_predicate p = predicate_of(s, q, true);

    p.field = WEFT_FIELD_ATTRIBUTE;
    p.scope = weft_attribute_scope_of(scope);
    p.key = q->attribute->name;
    return weft_select_leaf(s, p);
}

/* Q3.3.5: the resource is asked where the span has none. */
static struct weft_select_set unscoped_leaf(struct weft_selecting *s,
                                            const struct weft_select_question *q)
{
    const struct weft_traceql_attribute of_span = { .scope = WEFT_TRACEQL_SCOPE_SPAN,
                                                    .name = q->attribute->name };
    return either(s, attribute_leaf(s, q, WEFT_TRACEQL_SCOPE_SPAN),
                  weft_select_join(s, WEFT_SELECT_INTERSECT, attribute_presence(s, &of_span, false),
                                   attribute_leaf(s, q, WEFT_TRACEQL_SCOPE_RESOURCE)));
}

/* Whether the comparison, turned round unless `wanted`, is true of "". */
static bool holds_for_empty(const struct weft_select_question *q, bool wanted)
{
    const struct weft_traceql_value empty = { .type = WEFT_TRACEQL_STRING, .text = WEFT_S("") };
    bool holds;

    if (is_match(q->op)) {
        int answer = weft_regex_match(q->regex, empty.text);
        holds = answer >= 0 && (answer > 0) == (q->op == WEFT_EXPR_MATCH);
    } else {
        holds = weft_traceql_compare(q->op, &empty, &q->literal);
    }
    return holds == wanted;
}

static struct weft_select_set attribute_question(struct weft_selecting *s,
                                                 const struct weft_select_question *q, bool wanted)
{
    if (q->literal.type == WEFT_TRACEQL_NIL)
        return weft_select_presence(s, q->attribute, (q->op == WEFT_EXPR_NE) == wanted);
    if (!wanted)
        return weft_select_everything(false); /* what has no value, or one of another type */
    if (q->literal.type == WEFT_TRACEQL_STATUS || q->literal.type == WEFT_TRACEQL_KIND ||
        q->literal.type > WEFT_TRACEQL_KIND)
        return weft_select_nothing(); /* no attribute is of that type */
    if (q->attribute->scope == WEFT_TRACEQL_SCOPE_ANY) return unscoped_leaf(s, q);
    struct weft_select_set set = attribute_leaf(s, q, q->attribute->scope);
    if (is_service_name(q->attribute) && holds_for_empty(q, true))
        set = either(s, set, attribute_presence(s, q->attribute, false));
    return set;
}

/* ---- Intrinsics ---- */

/* Every span has one value of one type. */
static struct weft_select_set field_question(struct weft_selecting *s, enum weft_field of,
                                             const struct weft_select_question *q, bool wanted)
{
    struct weft_predicate p = predicate_of(s, q, wanted);
    bool is_nan = q->literal.type == WEFT_TRACEQL_FLOAT && isnan(q->literal.float_value);

    if (is_nan) return always_or_never((q->op == WEFT_EXPR_NE) == wanted);
    p.field = of;
    return weft_select_leaf(s, p);
}

/* "" is what the source calls absent. */
static struct weft_select_set text_question(struct weft_selecting *s, enum weft_field of,
                                            const struct weft_select_question *q, bool wanted)
{
    struct weft_select_set set = field_question(s, of, q, wanted);

    if (!holds_for_empty(q, wanted)) return set;
    return either(s, set, field(s, of, WEFT_OP_NOT_EXISTS, (struct weft_value){ 0 }));
}

/* Without an event the comparison is not true. */
static struct weft_select_set event_name_question(struct weft_selecting *s,
                                                  const struct weft_select_question *q, bool wanted)
{
    struct weft_select_set set = field_question(s, WEFT_FIELD_EVENT_NAME, q, wanted);

    return wanted ? set : either(s, set, weft_select_presence(s, q->attribute, false));
}

/* Ids are 32 lower-case digits, and zeros in front do not count (Q1.4.3). */
static struct weft_select_set trace_id_question(struct weft_selecting *s,
                                                const struct weft_select_question *q, bool wanted)
{
    struct weft_str text = q->literal.text;
    struct weft_trace_id *id = weft_arena_alloc(s->arena, sizeof *id);

    if (q->op != (wanted ? WEFT_EXPR_EQ : WEFT_EXPR_NE)) return weft_select_everything(false);
    while (text.len > 0 && text.ptr[0] == '0') text = weft_str_tail(text, 1);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F') return weft_select_nothing();
    if (!weft_trace_id_parse(text, id)) return weft_select_nothing();
    return field(s, WEFT_FIELD_TRACE_ID, WEFT_OP_EQ,
                 (struct weft_value){ .type = WEFT_VALUE_BYTES,
                                      .bytes = { (const char *)id->bytes, sizeof id->bytes } });
}

static struct weft_select_set parent_id_question(struct weft_selecting *s,
                                                 const struct weft_select_question *q, bool wanted)
{
    bool is_equal = q->op == (wanted ? WEFT_EXPR_EQ : WEFT_EXPR_NE);
    bool is_unequal = q->op == (wanted ? WEFT_EXPR_NE : WEFT_EXPR_EQ);
    bool is_about_root = q->literal.text.len == 0;

    if (is_equal || (is_unequal && is_about_root)) {
        struct weft_select_set set = is_root(s, is_equal == is_about_root);
        return is_about_root ? set : weft_select_inexact(set);
    }
    return weft_select_everything(false);
}

/* The number of a root is -1, that of another span is not negative. What the ends of those say is true of all between, unless one number
 * alone is meant. */
static struct weft_select_set nested_parent_question(struct weft_selecting *s,
                                                     const struct weft_select_question *q,
                                                     bool wanted)
{
    const struct weft_traceql_value root = { .type = WEFT_TRACEQL_INT, .int_value = -1 },
                                    low = { .type = WEFT_TRACEQL_INT, .int_value = 0 },
                                    high = { .type = WEFT_TRACEQL_INT, .int_value = INT32_MAX };
    bool is_equality = q->op == WEFT_EXPR_EQ || q->op == WEFT_EXPR_NE;
    bool is_between = is_equality && weft_traceql_compare(WEFT_EXPR_GT, &q->literal, &low) &&
                      weft_traceql_compare(WEFT_EXPR_LT, &q->literal, &high);
    bool of_root = weft_traceql_compare(q->op, &root, &q->literal) == wanted,
         of_low = weft_traceql_compare(q->op, &low, &q->literal) == wanted,
         of_high = weft_traceql_compare(q->op, &high, &q->literal) == wanted;
    bool are_alike = of_low == of_high && !is_between;

    if (are_alike && of_root == of_low) return always_or_never(of_root);
    if (of_root && !are_alike) return weft_select_everything(false);
    struct weft_select_set set = is_root(s, of_root);
    return are_alike ? set : weft_select_inexact(set);
}

/* The spans of traces whose root is so. Of several roots the earliest counts, so there may be others (Q1.4.2). */
static struct weft_select_set root_question(struct weft_selecting *s,
                                            struct weft_select_set of_span,
                                            const struct weft_select_question *q, bool wanted)
{
    if (holds_for_empty(q, wanted)) return weft_select_everything(false); /* without a root, "" */
    struct weft_select_set set =
        weft_select_join(s, WEFT_SELECT_BOTH, weft_select_everything(true),
                         weft_select_join(s, WEFT_SELECT_INTERSECT, is_root(s, true), of_span));
    return weft_select_inexact(set);
}

static struct weft_select_set root_service_question(struct weft_selecting *s,
                                                    const struct weft_select_question *q,
                                                    bool wanted)
{
    return root_question(s, field_question(s, WEFT_FIELD_SERVICE, q, wanted), q, wanted);
}

static struct weft_select_set intrinsic_question(struct weft_selecting *s,
                                                 const struct weft_select_question *q, bool wanted)
{
    if (q->literal.type == WEFT_TRACEQL_NIL)
        return weft_select_presence(s, q->attribute, (q->op == WEFT_EXPR_NE) == wanted);
    switch (q->attribute->intrinsic) {
    case WEFT_INTRINSIC_NAME: return field_question(s, WEFT_FIELD_NAME, q, wanted);
    case WEFT_INTRINSIC_DURATION: return field_question(s, WEFT_FIELD_DURATION, q, wanted);
    case WEFT_INTRINSIC_STATUS: return field_question(s, WEFT_FIELD_STATUS, q, wanted);
    case WEFT_INTRINSIC_KIND: return field_question(s, WEFT_FIELD_KIND, q, wanted);
    case WEFT_INTRINSIC_STATUS_MESSAGE:
        return text_question(s, WEFT_FIELD_STATUS_MESSAGE, q, wanted);
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME:
        return field_question(s, WEFT_FIELD_SCOPE_NAME, q, wanted);
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION:
        return text_question(s, WEFT_FIELD_SCOPE_VERSION, q, wanted);
    case WEFT_INTRINSIC_EVENT_NAME: return event_name_question(s, q, wanted);
    case WEFT_INTRINSIC_TRACE_ID: return trace_id_question(s, q, wanted);
    case WEFT_INTRINSIC_PARENT_ID: return parent_id_question(s, q, wanted);
    case WEFT_INTRINSIC_NESTED_SET_PARENT: return nested_parent_question(s, q, wanted);
    case WEFT_INTRINSIC_ROOT_NAME:
        return root_question(s, field_question(s, WEFT_FIELD_NAME, q, wanted), q, wanted);
    case WEFT_INTRINSIC_ROOT_SERVICE: return root_service_question(s, q, wanted);
    case WEFT_INTRINSIC_EVENT_TEXT:
    case WEFT_INTRINSIC_EVENT_TIME_SINCE_START:
        return wanted ? weft_select_inexact(weft_select_presence(s, q->attribute, true))
                      : weft_select_everything(false);
    default: return weft_select_everything(false);
    }
}

struct weft_select_set weft_select_question(struct weft_selecting *s,
                                            const struct weft_select_question *question,
                                            bool wanted)
{
    if (question->attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC)
        return weft_select_because(intrinsic_question(s, question, wanted),
                                   "an intrinsic that is no column is compared");
    return weft_select_because(attribute_question(s, question, wanted),
                               "a negation holds for spans that lack the attribute, too");
}
