/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "reconcile/account.h"

int64_t engine_wall(const struct engine *engine)
{
        return engine->host.wall(engine->host.userdata);
}

bool engine_acts(const struct engine *engine)
{
        return engine->options.mode == ENGINE_APPLY || engine->options.mode == ENGINE_AGENT;
}

void engine_tell(struct account *a, enum event_type type, const char *name, const char *format, ...)
{
        struct engine_event event = { .type = type, .account = a->name, .name = name };
        char text[1536];
        va_list ap;

        if (a->engine->options.mode == ENGINE_PLAN)
                return; /* nothing happens while planning */
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        event.text = text;
        a->engine->host.event(a->engine->host.userdata, &event);
}

void engine_break(struct engine *engine, int r, const char *format, ...)
{
        char text[sizeof(engine->error.text)];
        va_list ap;

        if (engine->broken)
                return;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        engine->broken = true;
        error_set(&engine->error, r, "%s", text);
}

static void touched(struct engine *engine, int r)
{
        if (r < 0)
                engine_break(engine, r, "out of memory");
}

void touch_thing(struct account *a, struct thing *t)
{
        touched(a->engine, ledger_touch_thing(a->engine->ledger, t));
}

void touch_call(struct account *a, struct call *c)
{
        touched(a->engine, ledger_touch_call(a->engine->ledger, c));
}

const char *account_words(struct account *a, const char *format, ...)
{
        char text[1024];
        const char *s;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        s = ledger_string(a->engine->ledger, text);
        if (!s)
                engine_break(a->engine, -ENOMEM, "out of memory");
        return s ? s : "";
}
