/* cmd_store_stats.c -- weft store stats: how much is kept, and what takes the space. */
#include "app/cell_text.h"
#include "app/cmd_store.h"
#include "base/clock.h"
#include <inttypes.h>

static void write_time_range(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    char from[64], to[64];

    if (sizes->start_max == 0) return;
    weft_time_format_rfc3339(from, sizeof from, sizes->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, sizes->start_max, 3);
    weft_buf_printf(&a->out, "spans start from %s to %s\n", from, to);
}

static void write_encodings(struct weft_buf *out, const struct weft_store_key_cost *key)
{
    for (unsigned i = 0; i < sizeof key->runs_by_encoding / sizeof key->runs_by_encoding[0]; i++)
        if (key->runs_by_encoding[i] > 0)
            weft_buf_printf(out, " %s:%" PRIu64, weft_block_encoding_name(i),
                            key->runs_by_encoding[i]);
}

static double share_of(double bytes, uint64_t all)
{
    return all > 0 ? 100.0 * bytes / (double)all : 0;
}

static void write_name(struct weft_buf *out, const char *name)
{
    weft_buf_append_c(out, "  ");
    weft_cell_put(out, weft_str_from_c(name), 200);
}

static void write_keys(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    if (sizes->key_count == 0) return;
    weft_buf_append_c(&a->out, "\nBytes of blocks by attribute key of spans\n");
    weft_buf_printf(&a->out, "%14s %7s %13s %8s %9s\n", "bytes", "share", "spans", "B/span",
                    "distinct");
    for (uint32_t i = 0; i < sizes->key_count && i < a->options->top; i++) {
        const struct weft_store_key_cost *key = &sizes->keys[i];
        weft_buf_printf(&a->out, "%14" PRIu64 " %6.1f%% %13" PRIu64 " %8.2f %9" PRIu64, key->bytes,
                        share_of((double)key->bytes, sizes->stats.block_bytes), key->values,
                        key->values > 0 ? (double)key->bytes / (double)key->values : 0.0,
                        key->distinct_max);
        write_name(&a->out, key->key);
        weft_buf_append_c(&a->out, " ");
        write_encodings(&a->out, key);
        weft_buf_append_byte(&a->out, '\n');
    }
}

static void write_shares(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    if (sizes->share_count == 0) return;
    weft_buf_append_c(&a->out, "\nBytes of blocks by ");
    weft_cell_put(&a->out, weft_str_from_c(sizes->by), 200);
    weft_buf_printf(&a->out, "\n%14s %7s %13s %8s\n", "bytes", "share", "spans", "B/span");
    for (uint32_t i = 0; i < sizes->share_count && i < a->options->top; i++) {
        const struct weft_store_share *share = &sizes->shares[i];
        weft_buf_printf(&a->out, "%14.0f %6.1f%% %13" PRIu64 " %8.2f", share->bytes,
                        share_of(share->bytes, sizes->stats.block_bytes), share->spans,
                        share->bytes / (double)share->spans);
        write_name(&a->out, share->value);
        weft_buf_append_byte(&a->out, '\n');
    }
}

static void write_keys_json(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    weft_json_key(&a->json, "keys");
    weft_json_array_start(&a->json);
    for (uint32_t i = 0; i < sizes->key_count && i < a->options->top; i++) {
        const struct weft_store_key_cost *key = &sizes->keys[i];
        weft_json_object_start(&a->json);
        weft_json_key(&a->json, "key");
        weft_json_c(&a->json, key->key);
        weft_store_action_count(a, "bytes", key->bytes);
        weft_store_action_count(a, "values", key->values);
        weft_store_action_count(a, "distinct_max", key->distinct_max);
        weft_json_key(&a->json, "runs_by_encoding");
        weft_json_object_start(&a->json);
        for (unsigned e = 0; e < sizeof key->runs_by_encoding / sizeof key->runs_by_encoding[0];
             e++)
            if (key->runs_by_encoding[e] > 0)
                weft_store_action_count(a, weft_block_encoding_name(e), key->runs_by_encoding[e]);
        weft_json_object_end(&a->json);
        weft_json_object_end(&a->json);
    }
    weft_json_array_end(&a->json);
    weft_json_key(&a->json, "by");
    weft_json_c(&a->json, sizes->by);
    weft_json_key(&a->json, "shares");
    weft_json_array_start(&a->json);
    for (uint32_t i = 0; i < sizes->share_count && i < a->options->top; i++) {
        weft_json_object_start(&a->json);
        weft_json_key(&a->json, "value");
        weft_json_c(&a->json, sizes->shares[i].value);
        weft_store_action_count(a, "spans", sizes->shares[i].spans);
        weft_store_action_count(a, "bytes", (uint64_t)(sizes->shares[i].bytes + 0.5));
        weft_json_object_end(&a->json);
    }
    weft_json_array_end(&a->json);
}

static void write_stats_text(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    const struct weft_store_stats *s = &sizes->stats;

    weft_buf_printf(&a->out, "%-10s %10s %16s %16s\n", "", "files", "spans", "bytes");
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 "\n", "live", s->live_segments,
                    s->live_spans);
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 " %16" PRIu64 "\n", "segments",
                    s->sealed_segments, s->sealed_spans, s->segment_bytes);
    weft_buf_printf(&a->out, "%-10s %10" PRIu64 " %16" PRIu64 " %16" PRIu64 "\n", "blocks",
                    s->blocks, s->block_spans, s->block_bytes);
    weft_buf_printf(&a->out, "%-10s %10s %16s %16" PRIu64 "\n", "spare", "", "", s->spare_bytes);
    if (s->block_spans > 0)
        weft_buf_printf(&a->out, "%.2f bytes a span in blocks\n",
                        (double)s->block_bytes / (double)s->block_spans);
    if (s->bundles > 0)
        weft_buf_printf(&a->out,
                        "%" PRIu64 " of the blocks lie in %" PRIu64 " bundles; %" PRIu64
                        " of their spans were taken over by later blocks\n",
                        s->bundled_blocks, s->bundles, s->masked_spans);
    if (s->damaged_files > 0)
        weft_buf_printf(&a->out, "%" PRIu64 " files cannot be read\n", s->damaged_files);
    write_time_range(a, sizes);
    if (sizes->part_count > 0) weft_buf_append_c(&a->out, "\nBytes of blocks by part\n");
    for (uint32_t i = 0; i < sizes->part_count; i++)
        weft_buf_printf(&a->out, "%16" PRIu64 "  %5.1f%%  %s\n", sizes->parts[i].bytes,
                        s->block_bytes > 0
                            ? 100.0 * (double)sizes->parts[i].bytes / (double)s->block_bytes
                            : 0.0,
                        sizes->parts[i].what);
    write_keys(a, sizes);
    write_shares(a, sizes);
}

static void write_stats_json(struct weft_store_action *a, const struct weft_store_sizes *sizes)
{
    const struct weft_store_stats *s = &sizes->stats;
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        { "live_segments", s->live_segments },
        { "sealed_segments", s->sealed_segments },
        { "blocks", s->blocks },
        { "live_spans", s->live_spans },
        { "sealed_spans", s->sealed_spans },
        { "block_spans", s->block_spans },
        { "segment_bytes", s->segment_bytes },
        { "block_bytes", s->block_bytes },
        { "spare_bytes", s->spare_bytes },
        { "bundles", s->bundles },
        { "bundled_blocks", s->bundled_blocks },
        { "masked_spans", s->masked_spans },
        { "damaged_files", s->damaged_files },
        { "torn_bytes", s->torn_bytes },
    };

    weft_json_object_start(&a->json);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        weft_json_key(&a->json, rows[i].key);
        weft_json_u64(&a->json, rows[i].value);
    }
    weft_json_key(&a->json, "start_time_unix_nano_min");
    weft_json_u64_string(&a->json, sizes->start_min);
    weft_json_key(&a->json, "start_time_unix_nano_max");
    weft_json_u64_string(&a->json, sizes->start_max);
    weft_json_key(&a->json, "block_parts");
    weft_json_object_start(&a->json);
    for (uint32_t i = 0; i < sizes->part_count; i++) {
        weft_json_key(&a->json, sizes->parts[i].what);
        weft_json_u64(&a->json, sizes->parts[i].bytes);
    }
    weft_json_object_end(&a->json);
    write_keys_json(a, sizes);
    weft_json_object_end(&a->json);
    weft_buf_append_byte(&a->out, '\n');
}

int weft_store_action_stats(struct weft_store_action *a)
{
    struct weft_store_sizes sizes = { .by = a->options->by };
    struct weft_err err = { 0 };

    if (weft_store_sizes(a->directory, &sizes, a->line->arena, &err) < 0)
        return weft_command_error(a->line->command, "%s", err.text);
    if (a->options->is_json)
        write_stats_json(a, &sizes);
    else
        write_stats_text(a, &sizes);
    return weft_store_action_print(a);
}
