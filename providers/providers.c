/* SPDX-License-Identifier: MIT */
#include "providers/providers.h"

#include "providers/finovy/finovy.h"
#include "providers/jimv/jimv.h"
#include "providers/opendcp/opendcp.h"
#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/text.h"

const struct vendor vendors[] = {
        { &starvcenter_provider, &starvcenter_simulator },
        { &finovy_provider, &finovy_simulator },
        { &opendcp_provider, &opendcp_simulator },
        { &jimv_provider, &jimv_simulator },
        { NULL, NULL },
};

const struct vendor *vendor_find(const char *type)
{
        for (const struct vendor *v = vendors; v->codec; v++)
                if (text_equal(v->codec->type, type))
                        return v;
        return NULL;
}
