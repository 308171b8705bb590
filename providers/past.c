/* SPDX-License-Identifier: MIT */
#include "providers/past.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"

static void answer_done(struct past_answer *a)
{
        free(a->question);
        reply_done(&a->reply);
        *a = (struct past_answer){};
}

void past_done(struct past *p)
{
        for (size_t i = 0; i < PAST_MAX; i++)
                answer_done(&p->answers[i]);
}

/* NULL: out of memory. */
static char *question_of(const struct request *rq)
{
        char *text;

        return asprintf(&text, "%d %s %s", (int)rq->method, rq->url, rq->body ? rq->body : "") < 0 ? NULL : text;
}

static int copy_reply(const struct reply *from, struct reply *ret)
{
        struct reply rp _cleanup_reply_ = { .end = from->end, .status = from->status, .body_len = from->body_len };

        rp.body = calloc(1, from->body_len + 1);
        rp.content_type = from->content_type ? strdup(from->content_type) : NULL;
        if (!rp.body || (from->content_type && !rp.content_type))
                return -ENOMEM;
        memcpy(rp.body, from->body, from->body_len);
        *ret = rp;
        rp = (struct reply){};
        return 0;
}

static const struct past_answer *find(const struct past *p, const char *question)
{
        for (size_t i = 0; i < PAST_MAX; i++)
                if (text_equal(p->answers[i].question, question))
                        return &p->answers[i];
        return NULL;
}

int past_find(const struct past *p, const struct request *rq, struct reply *ret)
{
        _cleanup_free_ char *question = question_of(rq);
        const struct past_answer *a;
        int r;

        if (!question)
                return -ENOMEM;
        a = find(p, question);
        if (!a)
                return 0;
        r = copy_reply(&a->reply, ret);
        return r < 0 ? r : 1;
}

int past_keep(struct past *p, const struct request *rq, const struct reply *rp)
{
        struct past_answer *a, kept = {};
        int r;

        if (rp->body_len > PAST_BODY_MAX)
                return 0;
        kept.question = question_of(rq);
        if (!kept.question)
                return -ENOMEM;
        r = copy_reply(rp, &kept.reply);
        if (r < 0) {
                answer_done(&kept);
                return r;
        }
        a = (struct past_answer *)find(p, kept.question);
        if (!a) {
                a = &p->answers[p->next];
                p->next = (p->next + 1) % PAST_MAX;
        }
        answer_done(a);
        *a = kept;
        return 0;
}
