/* ask.c -- asking a running weft over its own API (ask.h). */
#include "app/ask.h"
#include "net/http_client.h"
#include "wire/json.h"
#include "wire/text.h"
#include <inttypes.h>
#include <stdio.h>

void weft_ask_add(struct weft_buf *path, const char *name, struct weft_str value)
{
    bool is_first = weft_str_find(weft_buf_str(path), '?') < 0;
    weft_buf_append_byte(path, is_first ? '?' : '&');
    weft_buf_append_c(path, name);
    weft_buf_append_byte(path, '=');
    weft_percent_encode(path, value);
}

void weft_ask_add_text(struct weft_buf *path, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') weft_ask_add(path, name, weft_str_from_c(value));
}

void weft_ask_add_number(struct weft_buf *path, const char *name, uint64_t number, const char *unit)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 "%s", number, unit);
    weft_ask_add(path, name, weft_str_from_c(text));
}

void weft_ask_add_times(struct weft_buf *path, const char *since, const char *from, const char *to)
{
    weft_ask_add_text(path, "since", since);
    weft_ask_add_text(path, "from", from);
    weft_ask_add_text(path, "to", to);
}

/* {"error": {"status": ..., "message": ..., "line": ..., "column": ...}}; all empty when the body is something else. */
struct error_answer {
    struct weft_str message;
    struct weft_ask_place place;
};

static struct error_answer error_read(struct weft_str body, struct weft_arena *arena)
{
    struct weft_json_reader r;
    struct weft_str key = { 0 };
    struct error_answer error = { 0 };
    uint64_t number;
    weft_json_reader_init(&r, body, arena);
    for (enum weft_json_token token = weft_json_next(&r);
         token != WEFT_JSON_END && token != WEFT_JSON_ERROR; token = weft_json_next(&r)) {
        if (token == WEFT_JSON_KEY)
            key = r.text;
        else if (token == WEFT_JSON_STRING && weft_str_equal_c(key, "message"))
            error.message = r.text;
        else if (token == WEFT_JSON_NUMBER && weft_str_to_u64(r.text, &number) &&
                 weft_str_equal_c(key, "line"))
            error.place.line = (uint32_t)number;
        else if (token == WEFT_JSON_NUMBER && weft_str_to_u64(r.text, &number) &&
                 weft_str_equal_c(key, "column"))
            error.place.column = (uint32_t)number;
    }
    return error;
}

static int fail_with_answer(const struct weft_http_response *response, struct weft_ask_place *place,
                            struct weft_err *err)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    struct error_answer error = error_read(weft_buf_str(&response->body), &arena);
    int status = response->status == 404   ? WEFT_NOT_FOUND
                 : response->status == 400 ? WEFT_INVALID
                                           : WEFT_IO;
    *place = error.place;
    if (error.message.len > 0)
        weft_fail(err, status, "%.*s", WEFT_S_ARG(error.message));
    else
        weft_fail(err, status, "the server answered %d; is this a weft?", response->status);
    weft_arena_release(&arena);
    return status;
}

static int ask_client(struct weft_buf *body, struct weft_http_client *client, struct weft_str path,
                      const char *accept, struct weft_ask_place *place, struct weft_err *err)
{
    struct weft_http_response response = { 0 };
    const struct weft_http_header header = {
        WEFT_S("accept"), weft_str_from_c(accept != NULL ? accept : "application/json")
    };
    *place = (struct weft_ask_place){ 0 };
    int rc = weft_http_client_call(
        client, &(struct weft_http_call){ .path = path, .headers = &header, .header_count = 1 },
        &response, err);
    if (rc == WEFT_OK && response.status != 200) rc = fail_with_answer(&response, place, err);
    if (rc == WEFT_OK) weft_buf_append_str(body, weft_buf_str(&response.body));
    weft_http_response_release(&response);
    return rc;
}

int weft_ask_client(struct weft_buf *body, struct weft_http_client *client, struct weft_str path,
                    const char *accept, struct weft_err *err)
{
    struct weft_ask_place place;
    return ask_client(body, client, path, accept, &place, err);
}

static int ask(struct weft_buf *body, const char *server, struct weft_str path, const char *accept,
               struct weft_ask_place *place, struct weft_err *err)
{
    struct weft_http_client *client = NULL;
    *place = (struct weft_ask_place){ 0 };
    int rc = weft_http_client_create(&client, weft_str_from_c(server), NULL, err);
    if (rc == WEFT_OK) rc = ask_client(body, client, path, accept, place, err);
    weft_http_client_destroy(client);
    return rc;
}

int weft_ask(struct weft_buf *body, const char *server, struct weft_str path, const char *accept,
             struct weft_err *err)
{
    struct weft_ask_place place;
    return ask(body, server, path, accept, &place, err);
}

int weft_ask_query(struct weft_buf *body, const char *server, struct weft_str path,
                   struct weft_ask_place *place, struct weft_err *err)
{
    return ask(body, server, path, NULL, place, err);
}
