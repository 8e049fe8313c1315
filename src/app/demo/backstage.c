/* backstage.c -- what runs without a customer waiting: consumers of orders, a cloud function, the
 * assistant (shop.h). */
#include "app/demo/calls.h"
#include "app/demo/shop.h"
#include "app/demo/shop_internal.h"
#include "base/clock.h"

static void book_orders(struct weft_demo_sim *sim, unsigned count)
{
    struct weft_demo_span *span = weft_demo_kafka_process_begin(
        sim, &weft_demo_accounting, "orders", "accounting", sim->orders, count);
    for (unsigned i = 0; i < count; i++)
        weft_demo_query(sim, &weft_demo_accounting, &span->context,
                        &(struct weft_demo_query){
                            "postgresql", "ledger", "pg-ledger", "INSERT", "entries",
                            "INSERT INTO entries (order_id, amount, currency) VALUES ($1, $2, $3)",
                            5432 },
                        1.6, 1);
    weft_demo_work(sim, 2);
    weft_demo_span_end(sim, span);
}

static void check_fraud(struct weft_demo_sim *sim, unsigned count)
{
    struct weft_demo_span *span = weft_demo_kafka_process_begin(
        sim, &weft_demo_fraud, "orders", "fraud-detection", sim->orders, count);
    for (unsigned i = 0; i < count; i++) {
        struct weft_demo_span *score = weft_demo_span_begin(sim, &weft_demo_fraud, &span->context,
                                                            "score order", WEFT_KIND_INTERNAL);
        double value = weft_random_unit(&sim->random);
        weft_demo_double(score, "app.fraud.score", value * value);
        weft_demo_work(sim, 6);
        weft_demo_span_end(sim, score);
    }
    weft_demo_span_end(sim, span);
}

/* Consumers run a moment after the orders; with none waiting a poll finds nothing and makes no
 * span, so a customer comes. */
void weft_demo_consume_orders(struct weft_demo_sim *sim)
{
    if (sim->order_count == 0) {
        weft_demo_browse(sim);
        return;
    }
    unsigned count = sim->order_count < 8 ? sim->order_count : 8;
    uint64_t after = sim->order_times_ns[count - 1] + 20 * WEFT_NS_PER_MS;
    if (sim->clock_ns < after) sim->clock_ns = after;
    uint64_t from = sim->clock_ns;
    book_orders(sim, count);
    sim->clock_ns = from;
    check_fraud(sim, count);
    sim->order_count -= count;
    memmove(sim->orders, sim->orders + count, sim->order_count * sizeof sim->orders[0]);
    memmove(sim->order_times_ns, sim->order_times_ns + count,
            sim->order_count * sizeof sim->order_times_ns[0]);
}

void weft_demo_resize_image(struct weft_demo_sim *sim)
{
    struct weft_demo_span *span = weft_demo_span_begin(sim, &weft_demo_image_resizer, NULL,
                                                       "image-resizer", WEFT_KIND_SERVER);
    bool is_cold = weft_demo_chance(sim, 0.06);
    weft_demo_text(sim, span, "faas.trigger", "datasource");
    weft_demo_text(sim, span, "faas.invocation_id", "%08x-%04x-4%03x-b%03x-%012llx",
                   weft_demo_pick(sim, UINT32_MAX), weft_demo_pick(sim, 65536),
                   weft_demo_pick(sim, 4096), weft_demo_pick(sim, 4096),
                   (unsigned long long)(weft_random_u64(&sim->random) >> 16));
    weft_demo_bool(span, "faas.coldstart", is_cold);
    weft_demo_text(sim, span, "faas.document.collection", "shop-uploads");
    weft_demo_text(sim, span, "faas.document.operation", "insert");
    weft_demo_text(sim, span, "aws.lambda.invoked_arn",
                   "arn:aws:lambda:eu-central-1:123456789012:function:image-resizer:live");
    if (is_cold) weft_demo_work(sim, 640);
    struct weft_demo_http_call get = {
        "GET", "/{key}", "/uploads/original.jpg", "shop-uploads.s3.eu-central-1.amazonaws.com",
        443,   0
    };
    struct weft_demo_span *fetch =
        weft_demo_http_client_begin(sim, &weft_demo_image_resizer, &span->context, &get);
    weft_demo_text(sim, fetch, "rpc.system.name", "aws-api");
    weft_demo_work(sim, 35);
    weft_demo_http_end(sim, fetch, 200, NULL);
    struct weft_demo_span *resize = weft_demo_span_begin(
        sim, &weft_demo_image_resizer, &span->context, "resize", WEFT_KIND_INTERNAL);
    weft_demo_work(sim, 140);
    bool is_too_big = weft_demo_chance(sim, 0.02);
    if (is_too_big) {
        weft_demo_exception(sim, resize, "Error", "Input image exceeds pixel limit");
        weft_demo_error(sim, resize, "Error", "Input image exceeds pixel limit");
    }
    weft_demo_span_end(sim, resize);
    if (is_too_big) weft_demo_error(sim, span, "Error", "Input image exceeds pixel limit");
    weft_demo_span_end(sim, span);
}

/* ---- the assistant: C5.9 ---- */

static void chat(struct weft_demo_sim *sim, const struct weft_demo_context *parent,
                 int input_tokens, const char *finish_reason)
{
    int output_tokens = 40 + (int)weft_demo_pick(sim, 380);
    struct weft_demo_span *span = weft_demo_span_begin(sim, &weft_demo_agent, parent,
                                                       "chat mistral-large-2411", WEFT_KIND_CLIENT);
    weft_demo_text(sim, span, "gen_ai.operation.name", "chat");
    weft_demo_text(sim, span, "gen_ai.provider.name", "mistral_ai");
    weft_demo_text(sim, span, "gen_ai.request.model", "mistral-large-2411");
    weft_demo_int(span, "gen_ai.request.max_tokens", 1024);
    weft_demo_double(span, "gen_ai.request.temperature", 0.2);
    weft_demo_text(sim, span, "server.address", "api.mistral.ai");
    weft_demo_int(span, "server.port", 443);
    weft_demo_wait_ns(sim, (uint64_t)(350 + output_tokens * 12 + (int)weft_demo_pick(sim, 300)) *
                               WEFT_NS_PER_MS);
    weft_demo_text(sim, span, "gen_ai.response.model", "mistral-large-2411");
    weft_demo_text(sim, span, "gen_ai.response.id", "cmpl-%012llx",
                   (unsigned long long)(weft_random_u64(&sim->random) >> 16));
    weft_demo_texts(sim, span, "gen_ai.response.finish_reasons", &finish_reason, 1);
    weft_demo_int(span, "gen_ai.usage.input_tokens", input_tokens);
    weft_demo_int(span, "gen_ai.usage.output_tokens", output_tokens);
    weft_demo_span_end(sim, span);
}

static void use_tool(struct weft_demo_sim *sim, const struct weft_demo_context *parent,
                     const char *tool)
{
    char name[64];
    snprintf(name, sizeof name, "execute_tool %s", tool);
    struct weft_demo_span *span =
        weft_demo_span_begin(sim, &weft_demo_agent, parent, name, WEFT_KIND_INTERNAL);
    weft_demo_text(sim, span, "gen_ai.operation.name", "execute_tool");
    weft_demo_text(sim, span, "gen_ai.tool.name", "%s", tool);
    weft_demo_text(sim, span, "gen_ai.tool.type", "function");
    weft_demo_text(sim, span, "gen_ai.tool.call.id", "call_%08x", weft_demo_pick(sim, UINT32_MAX));
    if (strcmp(tool, "find_product") == 0)
        weft_demo_get_products(sim, &weft_demo_agent, &span->context, false);
    else
        weft_demo_load_cart(sim, &weft_demo_agent, &span->context, "shop.Cart/GetCart");
    weft_demo_work(sim, 2);
    bool is_failed = weft_demo_chance(sim, 0.05);
    if (is_failed) {
        weft_demo_exception(sim, span, "ToolError", "order not found for this customer");
        weft_demo_error(sim, span, "tool_error", "order not found for this customer");
    }
    weft_demo_span_end(sim, span);
}

void weft_demo_ask_agent(struct weft_demo_sim *sim)
{
    struct weft_demo_visit visit = weft_demo_visit_begin(sim, "POST", "/assistant", "/assistant");
    struct weft_demo_span *agent =
        weft_demo_span_begin(sim, &weft_demo_agent, &visit.gateway->context,
                             "invoke_agent shop_assistant", WEFT_KIND_INTERNAL);
    int tokens = 900 + (int)weft_demo_pick(sim, 700);
    unsigned rounds = 1 + weft_demo_pick_popular(sim, 5);
    weft_demo_text(sim, agent, "gen_ai.operation.name", "invoke_agent");
    weft_demo_text(sim, agent, "gen_ai.provider.name", "mistral_ai");
    weft_demo_text(sim, agent, "gen_ai.agent.name", "shop_assistant");
    weft_demo_text(sim, agent, "gen_ai.conversation.id", "conv-%06x",
                   weft_demo_pick_popular(sim, 1 << 20));
    for (unsigned i = 0; i < rounds; i++) {
        chat(sim, &agent->context, tokens, "tool_call");
        use_tool(sim, &agent->context, weft_demo_chance(sim, 0.6) ? "find_product" : "get_cart");
        tokens += 420;
    }
    chat(sim, &agent->context, tokens, "stop");
    weft_demo_int(agent, "gen_ai.usage.input_tokens", tokens);
    weft_demo_span_end(sim, agent);
    weft_demo_visit_end(sim, &visit, 200, NULL);
}
