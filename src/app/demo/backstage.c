/* backstage.c -- what runs without a customer waiting: consumers of orders, a cloud function, the assistant (shop.h). */
#include "app/demo/calls.h"
#include "app/demo/shop.h"
#include "app/demo/shop_internal.h"
#include "base/clock.h"

static void book_orders(struct demo_sim *sim, unsigned count)
{
    struct demo_span *span = demo_kafka_process_begin(sim, &demo_accounting, "orders", "accounting", sim->orders, count);
    for (unsigned i = 0; i < count; i++)
        demo_query(sim, &demo_accounting, &span->context,
                   &(struct demo_query){ "postgresql", "ledger", "pg-ledger", "INSERT", "entries",
                                         "INSERT INTO entries (order_id, amount, currency) VALUES ($1, $2, $3)", 5432 }, 1.6, 1);
    demo_work(sim, 2);
    demo_span_end(sim, span);
}

static void check_fraud(struct demo_sim *sim, unsigned count)
{
    struct demo_span *span = demo_kafka_process_begin(sim, &demo_fraud, "orders", "fraud-detection", sim->orders, count);
    for (unsigned i = 0; i < count; i++) {
        struct demo_span *score = demo_span_begin(sim, &demo_fraud, &span->context, "score order", WEFT_KIND_INTERNAL);
        double value = weft_random_unit(&sim->random);
        demo_double(score, "app.fraud.score", value * value);
        demo_work(sim, 6);
        demo_span_end(sim, score);
    }
    demo_span_end(sim, span);
}

/* Consumers run a moment after the orders; with none waiting a poll finds nothing and makes no span, so a customer comes. */
void demo_consume_orders(struct demo_sim *sim)
{
    if (sim->order_count == 0) {
        demo_browse(sim);
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
    memmove(sim->order_times_ns, sim->order_times_ns + count, sim->order_count * sizeof sim->order_times_ns[0]);
}

void demo_resize_image(struct demo_sim *sim)
{
    struct demo_span *span = demo_span_begin(sim, &demo_image_resizer, NULL, "image-resizer", WEFT_KIND_SERVER);
    bool is_cold = demo_chance(sim, 0.06);
    demo_text(sim, span, "faas.trigger", "datasource");
    demo_text(sim, span, "faas.invocation_id", "%08x-%04x-4%03x-b%03x-%012llx", demo_pick(sim, UINT32_MAX), demo_pick(sim, 65536),
              demo_pick(sim, 4096), demo_pick(sim, 4096), (unsigned long long)(weft_random_u64(&sim->random) >> 16));
    demo_bool(span, "faas.coldstart", is_cold);
    demo_text(sim, span, "faas.document.collection", "shop-uploads");
    demo_text(sim, span, "faas.document.operation", "insert");
    demo_text(sim, span, "aws.lambda.invoked_arn", "arn:aws:lambda:eu-central-1:123456789012:function:image-resizer:live");
    if (is_cold) demo_work(sim, 640);
    struct demo_http_call get = { "GET", "/{key}", "/uploads/original.jpg", "shop-uploads.s3.eu-central-1.amazonaws.com", 443, 0 };
    struct demo_span *fetch = demo_http_client_begin(sim, &demo_image_resizer, &span->context, &get);
    demo_text(sim, fetch, "rpc.system.name", "aws-api");
    demo_work(sim, 35);
    demo_http_end(sim, fetch, 200, NULL);
    struct demo_span *resize = demo_span_begin(sim, &demo_image_resizer, &span->context, "resize", WEFT_KIND_INTERNAL);
    demo_work(sim, 140);
    bool is_too_big = demo_chance(sim, 0.02);
    if (is_too_big) {
        demo_exception(sim, resize, "Error", "Input image exceeds pixel limit");
        demo_error(sim, resize, "Error", "Input image exceeds pixel limit");
    }
    demo_span_end(sim, resize);
    if (is_too_big) demo_error(sim, span, "Error", "Input image exceeds pixel limit");
    demo_span_end(sim, span);
}

/* ---- the assistant: C5.9 ---- */

static void chat(struct demo_sim *sim, const struct demo_context *parent, int input_tokens, const char *finish_reason)
{
    int output_tokens = 40 + (int)demo_pick(sim, 380);
    struct demo_span *span = demo_span_begin(sim, &demo_agent, parent, "chat mistral-large-2411", WEFT_KIND_CLIENT);
    demo_text(sim, span, "gen_ai.operation.name", "chat");
    demo_text(sim, span, "gen_ai.provider.name", "mistral_ai");
    demo_text(sim, span, "gen_ai.request.model", "mistral-large-2411");
    demo_int(span, "gen_ai.request.max_tokens", 1024);
    demo_double(span, "gen_ai.request.temperature", 0.2);
    demo_text(sim, span, "server.address", "api.mistral.ai");
    demo_int(span, "server.port", 443);
    demo_wait_ns(sim, (uint64_t)(350 + output_tokens * 12 + (int)demo_pick(sim, 300)) * WEFT_NS_PER_MS);
    demo_text(sim, span, "gen_ai.response.model", "mistral-large-2411");
    demo_text(sim, span, "gen_ai.response.id", "cmpl-%012llx", (unsigned long long)(weft_random_u64(&sim->random) >> 16));
    demo_texts(sim, span, "gen_ai.response.finish_reasons", &finish_reason, 1);
    demo_int(span, "gen_ai.usage.input_tokens", input_tokens);
    demo_int(span, "gen_ai.usage.output_tokens", output_tokens);
    demo_span_end(sim, span);
}

static void use_tool(struct demo_sim *sim, const struct demo_context *parent, const char *tool)
{
    char name[64];
    snprintf(name, sizeof name, "execute_tool %s", tool);
    struct demo_span *span = demo_span_begin(sim, &demo_agent, parent, name, WEFT_KIND_INTERNAL);
    demo_text(sim, span, "gen_ai.operation.name", "execute_tool");
    demo_text(sim, span, "gen_ai.tool.name", "%s", tool);
    demo_text(sim, span, "gen_ai.tool.type", "function");
    demo_text(sim, span, "gen_ai.tool.call.id", "call_%08x", demo_pick(sim, UINT32_MAX));
    if (strcmp(tool, "find_product") == 0) demo_get_products(sim, &demo_agent, &span->context, false);
    else demo_load_cart(sim, &demo_agent, &span->context, "shop.Cart/GetCart");
    demo_work(sim, 2);
    bool is_failed = demo_chance(sim, 0.05);
    if (is_failed) {
        demo_exception(sim, span, "ToolError", "order not found for this customer");
        demo_error(sim, span, "tool_error", "order not found for this customer");
    }
    demo_span_end(sim, span);
}

void demo_ask_agent(struct demo_sim *sim)
{
    struct demo_visit visit = demo_visit_begin(sim, "POST", "/assistant", "/assistant");
    struct demo_span *agent = demo_span_begin(sim, &demo_agent, &visit.gateway->context, "invoke_agent shop_assistant", WEFT_KIND_INTERNAL);
    int tokens = 900 + (int)demo_pick(sim, 700);
    unsigned rounds = 1 + demo_pick_popular(sim, 5);
    demo_text(sim, agent, "gen_ai.operation.name", "invoke_agent");
    demo_text(sim, agent, "gen_ai.provider.name", "mistral_ai");
    demo_text(sim, agent, "gen_ai.agent.name", "shop_assistant");
    demo_text(sim, agent, "gen_ai.conversation.id", "conv-%06x", demo_pick_popular(sim, 1 << 20));
    for (unsigned i = 0; i < rounds; i++) {
        chat(sim, &agent->context, tokens, "tool_call");
        use_tool(sim, &agent->context, demo_chance(sim, 0.6) ? "find_product" : "get_cart");
        tokens += 420;
    }
    chat(sim, &agent->context, tokens, "stop");
    demo_int(agent, "gen_ai.usage.input_tokens", tokens);
    demo_span_end(sim, agent);
    demo_visit_end(sim, &visit, 200, NULL);
}
