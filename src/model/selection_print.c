/* selection_print.c -- a selection as text, for those who ask how a query is answered. */
#include "base/clock.h"
#include "model/otlp.h"
#include "model/selection.h"

static const char *const scope_names[] = {
    [WEFT_SCOPE_ANY] = "",
    [WEFT_SCOPE_SPAN] = "span",
    [WEFT_SCOPE_RESOURCE] = "resource",
    [WEFT_SCOPE_EVENT] = "event",
    [WEFT_SCOPE_LINK] = "link",
    [WEFT_SCOPE_INSTRUMENTATION] = "instrumentation",
};
static const char *const field_names[] = {
    [WEFT_FIELD_SERVICE] = "service",
    [WEFT_FIELD_NAME] = "name",
    [WEFT_FIELD_KIND] = "kind",
    [WEFT_FIELD_STATUS] = "status",
    [WEFT_FIELD_DURATION] = "duration",
    [WEFT_FIELD_TRACE_ID] = "trace id",
    [WEFT_FIELD_EVENT_NAME] = "event name",
    [WEFT_FIELD_SCOPE_NAME] = "instrumentation name",
    [WEFT_FIELD_IS_ROOT] = "is root",
    [WEFT_FIELD_STATUS_MESSAGE] = "status message",
    [WEFT_FIELD_SCOPE_VERSION] = "instrumentation version",
};
static const char *const op_names[] = {
    [WEFT_OP_EQ] = "=",         [WEFT_OP_NE] = "!=",
    [WEFT_OP_LT] = "<",         [WEFT_OP_LE] = "<=",
    [WEFT_OP_GT] = ">",         [WEFT_OP_GE] = ">=",
    [WEFT_OP_PREFIX] = "^=",    [WEFT_OP_EXISTS] = "is there",
    [WEFT_OP_MATCH] = "=~",     [WEFT_OP_NOT_EXISTS] = "is absent",
    [WEFT_OP_NOT_MATCH] = "!~",
};
static const char *const node_names[] = {
    [WEFT_SELECT_INTERSECT] = " and ",   [WEFT_SELECT_UNION] = " or ",
    [WEFT_SELECT_AT_LEAST] = "at least", [WEFT_SELECT_BOTH] = "both",
    [WEFT_SELECT_CHILD] = "child",       [WEFT_SELECT_DESCENDANT] = "descendant",
    [WEFT_SELECT_PARENT] = "parent",     [WEFT_SELECT_ANCESTOR] = "ancestor",
    [WEFT_SELECT_SIBLING] = "sibling",
};

static void text_print(struct weft_buf *out, struct weft_str text)
{
    const struct weft_value value = { .type = WEFT_VALUE_STRING, .bytes = text };
    weft_value_to_plain_json(out, &value);
}

static void value_print(struct weft_buf *out, const struct weft_predicate *p)
{
    const struct weft_value *value = &p->value;
    char id[33];

    if (weft_op_is_match(p->op)) {
        text_print(out, p->matcher->text);
    } else if (p->field == WEFT_FIELD_TRACE_ID &&
               value->bytes.len == sizeof(struct weft_trace_id)) {
        weft_trace_id_format((const struct weft_trace_id *)value->bytes.ptr, id);
        weft_buf_append_c(out, id);
    } else if (p->field == WEFT_FIELD_DURATION && value->type == WEFT_VALUE_INT) {
        weft_duration_print(out, value->int_value);
    } else if (p->field == WEFT_FIELD_KIND && (uint64_t)value->int_value < WEFT_KIND_COUNT) {
        weft_buf_append_c(out, weft_span_kind_name((unsigned)value->int_value));
    } else if (p->field == WEFT_FIELD_STATUS && (uint64_t)value->int_value < WEFT_STATUS_COUNT) {
        weft_buf_append_c(out, weft_status_code_name((unsigned)value->int_value));
    } else if (value->type == WEFT_VALUE_STRING) {
        text_print(out, value->bytes);
    } else {
        weft_value_to_plain_json(out, value);
    }
}

static void predicate_print(struct weft_buf *out, const struct weft_predicate *p)
{
    if (p->field == WEFT_FIELD_ATTRIBUTE) {
        weft_buf_printf(out, "%s.", scope_names[p->scope]);
        weft_buf_append(out, p->key.ptr, p->key.len);
    } else {
        weft_buf_append_c(out, field_names[p->field]);
    }
    weft_buf_printf(out, " %s", op_names[p->op]);
    if (weft_op_is_presence(p->op)) return;
    weft_buf_append_byte(out, ' ');
    value_print(out, p);
}

void weft_selection_print(struct weft_buf *out, const struct weft_selection *selection)
{
    if (selection == NULL || selection->op == WEFT_SELECT_ALL) {
        weft_buf_append_c(out, "all");
        return;
    }
    if (selection->op == WEFT_SELECT_PREDICATE) {
        predicate_print(out, selection->predicate);
        return;
    }
    bool is_infix = selection->op <= WEFT_SELECT_UNION;
    if (!is_infix) weft_buf_append_c(out, node_names[selection->op]);
    if (selection->op == WEFT_SELECT_AT_LEAST) weft_buf_printf(out, " %u ", selection->count);
    weft_buf_append_byte(out, '(');
    weft_selection_print(out, selection->left);
    weft_buf_append_c(out, is_infix ? node_names[selection->op] : ", ");
    weft_selection_print(out, selection->right);
    weft_buf_append_byte(out, ')');
}
