/* csv.c -- quoting (csv.h). */
#include "app/csv.h"

static bool needs_quotes(struct weft_str cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (strchr(",\"\r\n", cell.ptr[i]) != NULL) return true;
    return false;
}

void weft_csv_put(struct weft_buf *out, struct weft_str cell)
{
    if (!needs_quotes(cell)) {
        weft_buf_append_str(out, cell);
        return;
    }
    weft_buf_append_byte(out, '"');
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.ptr[i] == '"') weft_buf_append_byte(out, '"');
        weft_buf_append_byte(out, cell.ptr[i]);
    }
    weft_buf_append_byte(out, '"');
}
