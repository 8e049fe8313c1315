/* stacks.c -- stack traces as each language's runtime prints them (stacks.h). "%T" is the type,
 * "%M" the message. */
#include "app/demo/stacks.h"

static const struct {
    const char *language, *text;
} stacks[] = {
    { "java",
      "%T: %M\n"
      "\tat shop.payment.GatewayClient.charge(GatewayClient.java:118)\n"
      "\tat shop.payment.ChargeService.authorize(ChargeService.java:64)\n"
      "\tat shop.payment.PaymentGrpcService.charge(PaymentGrpcService.java:41)\n"
      "\tat "
      "io.grpc.stub.ServerCalls$UnaryServerCallHandler$UnaryServerCallListener.onHalfClose("
      "ServerCalls.java:182)\n"
      "\tat "
      "io.grpc.internal.ServerCallImpl$ServerStreamListenerImpl.halfClosed(ServerCallImpl.java:356)"
      "\n"
      "\tat "
      "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)\n"
      "\tat java.base/java.lang.Thread.run(Thread.java:840)\n"
      "Caused by: java.net.SocketTimeoutException: Read timed out\n"
      "\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)\n"
      "\t... 18 more\n" },
    { "python", "Traceback (most recent call last):\n"
                "  File \"/app/service/server.py\", line 88, in handle\n"
                "    result = self.backend.call(request)\n"
                "  File \"/app/service/backend.py\", line 142, in call\n"
                "    raise self._translate(response)\n"
                "%T: %M\n" },
    { "nodejs",
      "%T: %M\n"
      "    at Client.onResponse (/app/dist/clients/http.js:71:13)\n"
      "    at async CheckoutPage.submit (/app/dist/pages/checkout.js:204:22)\n"
      "    at async Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)\n"
      "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n" },
    { "go",
      "%T: %M\n\n"
      "goroutine 4183 [running]:\n"
      "shop/internal/rpc.(*Client).Invoke(0xc0001a4000, {0x1a2b3c0, 0xc0007e2150})\n"
      "\t/src/internal/rpc/client.go:133 +0x2a5\n"
      "shop/checkout.(*Server).PlaceOrder(0xc00012e1e0, {0x1a2b3c0, 0xc0007e2150}, 0xc0004d8000)\n"
      "\t/src/checkout/server.go:212 +0x6f1\n"
      "google.golang.org/grpc.(*Server).processUnaryRPC(0xc0001ea000)\n"
      "\t/go/pkg/mod/google.golang.org/grpc@v1.76.0/server.go:1431 +0xd2d\n" },
    { "dotnet", "%T: %M\n"
                "   at Cart.Stores.RedisCartStore.GetAsync(String userId) in "
                "/src/Stores/RedisCartStore.cs:line 97\n"
                "   at Cart.Services.CartService.GetCart(GetCartRequest request, ServerCallContext "
                "context) in "
                "/src/Services/CartService.cs:line 45\n"
                "   at "
                "Grpc.AspNetCore.Server.Internal.CallHandlers.UnaryServerCallHandler`3."
                "HandleCallAsyncCore()\n" },
    { "ruby", "%T: %M\n"
              "/app/lib/mailer.rb:52:in `deliver'\n"
              "/app/server.rb:31:in `block in <class:EmailService>'\n"
              "/usr/local/bundle/gems/sinatra-4.1.1/lib/sinatra/base.rb:1814:in `call'\n" },
    { "rust", "%T: %M\n"
              "   0: shipping::quote::rates\n             at ./src/quote.rs:87:9\n"
              "   1: shipping::routes::quote::{{closure}}\n             at ./src/routes.rs:40:18\n"
              "   2: tokio::runtime::task::raw::poll\n" },
};

const char *weft_demo_stack_trace(struct weft_arena *arena, const char *language, const char *type,
                                  const char *message)
{
    const char *text = "%T: %M\n";
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++)
        if (strcmp(stacks[i].language, language) == 0) text = stacks[i].text;
    struct weft_buf out = { 0 };
    for (; *text != '\0'; text++) {
        if (text[0] == '%' && text[1] == 'T')
            weft_buf_append_c(&out, type), text++;
        else if (text[0] == '%' && text[1] == 'M')
            weft_buf_append_c(&out, message), text++;
        else
            weft_buf_append_byte(&out, *text);
    }
    const char *copy = weft_arena_copy_c(arena, weft_buf_str(&out));
    weft_buf_release(&out);
    return copy;
}
