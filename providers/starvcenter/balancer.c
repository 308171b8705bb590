/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/balancer.h"

#include "reconcile/base/text.h"
#include "reconcile/settings.h"

/* Listings are documented to print 1 to 100 for the most connections, which may be set from 10 to 10000: what they show up to here
 * may mean anything. */
#define CONNECTIONS_DOUBTED 100

static const struct word protocols[] = {
        { "tcp", "TCP" }, { "udp", "UDP" }, { "http", "HTTP" }, { "https", "HTTPS" }, { NULL },
};
static const struct word networks[] = { { "external", "outter" }, { "internal", "inner" }, { NULL } };
static const struct word algorithms[] = {
        { "round-robin", "rr" },
        { "weighted-round-robin", "wrr" },
        { "weighted-least-connections", "wlc" },
        { NULL },
};

#define WIRE(...)                   \
        .own = &(const struct wire) \
        {                           \
                __VA_ARGS__         \
        }

const struct setting balancer_settings[] = {
        { "description", CHANGE_IN_PLACE, WIRE("slb.desc") },
        { "tenant", CHANGE_REPLACE, WIRE("slb.appid") },
        { "router", CHANGE_REPLACE, WIRE("slb.vmid") },
        { "protocol", CHANGE_REPLACE, WIRE("slb.protocal.type", FORM_WORD, protocols) },
        { "frontend.network", CHANGE_REPLACE, WIRE("slb.network.type", FORM_WORD, networks) },
        { "frontend.address", CHANGE_IN_PLACE, WIRE("slb.directip") },
        /* Left out it is true by default, and nothing says that this default is not that of a change, too. */
        { "frontend.dedicated", CHANGE_IN_PLACE, "frontend.address", WIRE("slb.directip.self", FORM_TRUTH) },
        { "frontend.port", CHANGE_IN_PLACE, WIRE("slb.directport", FORM_NUMBER) },
        { "backendPort", CHANGE_REPLACE, WIRE("slb.realport", FORM_NUMBER) },
        { "urlPath", CHANGE_REPLACE, WIRE("slb.http.urlpath") },
        { "algorithm", CHANGE_IN_PLACE, WIRE("slb.policy.type", FORM_WORD, algorithms) },
        { "health.path", CHANGE_IN_PLACE, WIRE("slb.health.check.path") },
        { "health.interval", CHANGE_IN_PLACE, WIRE("slb.health.check.interval", FORM_SECONDS) },
        { "health.timeout", CHANGE_IN_PLACE, WIRE("slb.health.check.timeout", FORM_SECONDS) },
        { "health.retries", CHANGE_IN_PLACE, WIRE("slb.health.retrytime", FORM_NUMBER) },
        { "idleTimeout", CHANGE_IN_PLACE, WIRE("slb.health.emptylink.timeout", FORM_SECONDS) },
        { "maxConnections", CHANGE_IN_PLACE, WIRE("slb.maxoccurs", FORM_NUMBER, .doubted = CONNECTIONS_DOUBTED) },
        { NULL },
};

bool balancer_has(const json_t *settings, const struct setting *setting)
{
        const char *network = json_string_value(settings_get(settings, "frontend.network"));

        return !text_equal(setting->path, "frontend.dedicated") || !text_equal(network, "internal");
}
