/* SPDX-License-Identifier: MIT */
#include "reconcile/lane.h"

#include "reconcile/base/text.h"

/* What follows from a vendor's package, and stands in no spec, is known because its listings show it. */
bool property_is_listed(const struct provider *codec, const struct pairs *options, enum property p)
{
        const struct machine_support *support = machine_support_find(codec, options, property_name(p));

        return !support || support->readback == READBACK_LISTED;
}

bool lane_differs(const struct provider *codec, const struct pairs *options, const struct values *a,
                  const struct values *b)
{
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(a, p) && values_known(b, p) && property_is_listed(codec, options, p) &&
                    !value_equal(p, a, b))
                        return true;
        return false;
}

bool lane_fits(const struct values *wanted, const struct row *row)
{
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(wanted, p) && values_known(&row->values, p) && !value_equal(p, wanted, &row->values))
                        return false;
        return true;
}

bool lane_is_alone(const struct making *making, const struct pairs *options, const struct provider *codec)
{
        return making->alone_option && text_equal(provider_option_value(codec, options, making->alone_option), "true");
}

bool lane_is_ours(const struct ledger *ledger, const char *account, const struct making *making,
                  const struct pairs *options, const struct provider *codec, const struct values *wanted)
{
        if (lane_is_alone(making, options, codec))
                return true;
        if (!values_known(wanted, PROPERTY_TEMPLATE))
                return false;
        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type == TYPE_TEMPLATE && !t->adopted && text_equal(t->account, account) &&
                    text_equal(t->id, wanted->of[PROPERTY_TEMPLATE].text))
                        return t->state == THING_OWNED;
        }
        return false;
}
