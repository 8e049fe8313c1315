/* services.c -- who runs in the shop: languages, versions, places (shop.h). */
#include "app/demo/shop.h"

const struct weft_demo_service weft_demo_frontend = {
    .name = "frontend",
    .language = "nodejs",
    .sdk_version = "2.12.0",
    .scope_name = "@opentelemetry/instrumentation-http",
    .scope_version = "0.223.0",
    .versions = { "5.31.0", "5.32.0" },
    .release_minute = 540,
    .instances = 3,
};
const struct weft_demo_service weft_demo_gateway = {
    .name = "api-gateway",
    .language = "go",
    .sdk_version = "1.47.0",
    .scope_name = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
    .scope_version = "0.72.0",
    .versions = { "1.18.2" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_cart = {
    .name = "cart",
    .language = "dotnet",
    .sdk_version = "1.14.0",
    .scope_name = "OpenTelemetry.Instrumentation.AspNetCore",
    .scope_version = "1.14.0",
    .versions = { "3.7.1" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_catalog = {
    .name = "product-catalog",
    .language = "go",
    .sdk_version = "1.47.0",
    .scope_name = "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
    .scope_version = "0.72.0",
    .versions = { "2.14.0", "2.15.0" },
    .trial_from = 3, /* while DEMO_SLOW_QUERY is on: it is this release's fault */
    .trial_to = 7,
    .instances = 3,
};
const struct weft_demo_service weft_demo_recommendation = {
    .name = "recommendation",
    .language = "python",
    .sdk_version = "1.45.1",
    .scope_name = "opentelemetry.instrumentation.grpc",
    .scope_version = "0.66b1",
    .versions = { "0.9.4" },
    .instances = 1,
};
const struct weft_demo_service weft_demo_search = {
    .name = "search",
    .language = "python",
    .sdk_version = "1.45.1",
    .scope_name = "opentelemetry.instrumentation.fastapi",
    .scope_version = "0.66b1",
    .versions = { "1.3.0" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_checkout = {
    .name = "checkout",
    .language = "go",
    .sdk_version = "1.47.0",
    .scope_name = "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
    .scope_version = "0.72.0",
    .versions = { "4.2.0", "4.3.0" },
    .release_minute = 870,
    .instances = 2,
};
const struct weft_demo_service weft_demo_payment = {
    .name = "payment",
    .language = "java",
    .sdk_version = "1.67.0",
    .scope_name = "io.opentelemetry.grpc-1.6",
    .scope_version = "2.33.1-alpha",
    .versions = { "7.0.3" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_currency = {
    .name = "currency",
    .language = "cpp",
    .sdk_version = "1.24.0",
    .scope_name = "currency",
    .scope_version = "1.0.0",
    .versions = { "1.0.9" },
    .instances = 1,
};
const struct weft_demo_service weft_demo_shipping = {
    .name = "shipping",
    .language = "rust",
    .sdk_version = "0.33.0",
    .scope_name = "opentelemetry-instrumentation-actix-web",
    .scope_version = "0.25.0",
    .versions = { "0.22.0" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_inventory = {
    .name = "inventory",
    .language = "java",
    .sdk_version = "1.67.0",
    .scope_name = "io.opentelemetry.tomcat-10.0",
    .scope_version = "2.33.1-alpha",
    .versions = { "6.4.0" },
    .instances = 2,
};
const struct weft_demo_service weft_demo_email = {
    .name = "email",
    .language = "ruby",
    .sdk_version = "1.10.0",
    .scope_name = "OpenTelemetry::Instrumentation::Sinatra",
    .scope_version = "0.27.0",
    .versions = { "2.1.5" },
    .instances = 1,
};
const struct weft_demo_service weft_demo_accounting = {
    .name = "accounting",
    .language = "dotnet",
    .sdk_version = "1.14.0",
    .scope_name = "Confluent.Kafka.Extensions.Diagnostics",
    .scope_version = "0.5.0",
    .versions = { "1.12.0" },
    .instances = 1,
};
const struct weft_demo_service weft_demo_fraud = {
    .name = "fraud-detection",
    .language = "java",
    .sdk_version = "1.67.0",
    .scope_name = "io.opentelemetry.kafka-clients-0.11",
    .scope_version = "2.33.1-alpha",
    .versions = { "3.0.1" },
    .instances = 1,
};
const struct weft_demo_service weft_demo_ad = {
    .name = "ad",
    .language = "java",
    .sdk_version = "1.67.0",
    .scope_name = "io.opentelemetry.grpc-1.6",
    .scope_version = "2.33.1-alpha",
    .versions = { "2.5.0" },
    .instances = 1,
};

static const char *const lambda_resource[] = {
    "cloud.provider",
    "aws",
    "cloud.platform",
    "aws_lambda",
    "cloud.region",
    "eu-central-1",
    "cloud.account.id",
    "123456789012",
    "cloud.resource_id",
    "arn:aws:lambda:eu-central-1:123456789012:function:image-resizer",
    "faas.name",
    "image-resizer",
    "faas.version",
    "37",
    "faas.max_memory",
    "536870912",
    NULL,
};
const struct weft_demo_service weft_demo_image_resizer = {
    .name = "image-resizer",
    .language = "nodejs",
    .sdk_version = "2.12.0",
    .scope_name = "@opentelemetry/instrumentation-aws-lambda",
    .scope_version = "0.75.0",
    .resource = lambda_resource,
    .versions = { "37" },
    .instances = 4,
};
const struct weft_demo_service weft_demo_agent = {
    .name = "support-agent",
    .language = "python",
    .sdk_version = "1.45.1",
    .scope_name = "support_agent.runtime",
    .scope_version = "0.4.0",
    .versions = { "0.4.0", "0.5.0" },
    .release_minute = 660,
    .instances = 1,
};
