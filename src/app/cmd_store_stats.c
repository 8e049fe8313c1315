/* cmd_store_stats.c -- weft store stats: how much is kept, and what takes the space. */
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
    weft_json_object_end(&a->json);
    weft_buf_append_byte(&a->out, '\n');
}

int weft_store_action_stats(struct weft_store_action *a)
{
    struct weft_store_sizes sizes = { 0 };
    struct weft_err err = { 0 };

    if (weft_store_sizes(a->directory, &sizes, a->line->arena, &err) < 0)
        return weft_command_error(a->line->command, "%s", err.text);
    if (a->options->is_json)
        write_stats_json(a, &sizes);
    else
        write_stats_text(a, &sizes);
    return weft_store_action_print(a);
}
