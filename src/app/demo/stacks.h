/* stacks.h -- stack traces as each language's runtime prints them. */
#ifndef WEFT_APP_DEMO_STACKS_H
#define WEFT_APP_DEMO_STACKS_H
#include "base/arena.h"
#include "base/buf.h"

/* Terminated text in the arena; `language` is telemetry.sdk.language. */
const char *weft_demo_stack_trace(struct weft_arena *arena, const char *language, const char *type,
                                  const char *message);

#endif
