/* SPDX-License-Identifier: MIT */

/*
 * Mappings of ports and addresses: every request as a file, and every reading of their listing.
 */

#include "tests/providers/starvcenter/listings.h"

#include "reconcile/mapping.h"
#include "reconcile/settings.h"

static const struct scope mappings = { .type = SCOPE_ACCOUNT,
                                       .types = 1u << TYPE_PORT_MAPPING | 1u << TYPE_ADDRESS_MAPPING };

static bool check_file(const char *folder, const char *file)
{
        return check_listing(folder, file, &mappings);
}

static void listings_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "mappings", check_file), 17);
        check_truncated("mappings/document.json", &mappings);
}

/* Either sort alone is asked for in the same way. */
static void looks_are_as_documented(void **state)
{
        const struct scope ports = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_PORT_MAPPING };
        const struct scope addresses = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_ADDRESS_MAPPING };

        (void)state;
        check_first_request("mapping-look", &mappings);
        check_first_request("mapping-look", &ports);
        check_first_request("mapping-look", &addresses);
}

static struct values wanted_of(const char *json, const char *machine)
{
        struct values v = {};

        if (json)
                values_set_text(&v, PROPERTY_SPEC, json);
        if (machine)
                values_set_text(&v, PROPERTY_MACHINE, machine);
        return v;
}

#define PORT                                                                                                         \
        "{\"machineAddress\":\"10.0.0.5\",\"port\":22,\"address\":\"203.0.113.10\",\"outerPort\":2222,\"protocol\":" \
        "\"tcp\",\"from\":\"192.0.2.7/32,198.51.100.0/24\",\"description\":\"jump host\"}"
#define PORT_LEAST                                                                                                 \
        "{\"machineAddress\":\"10.0.0.5\",\"port\":53,\"address\":\"203.0.113.10\",\"outerPort\":53,\"protocol\":" \
        "\"udp\",\"from\":\"0.0.0.0/0\"}"
#define ADDRESS \
        "{\"machineAddress\":\"10.0.0.5\",\"address\":\"203.0.113.11\",\"from\":\"10.0.0.0/8\",\"description\":\"mail\"}"

static void orders_are_as_documented(void **state)
{
        const struct values port = wanted_of(PORT, "vm-1"), least = wanted_of(PORT_LEAST, "vm-1");
        const struct values address = wanted_of(ADDRESS, "vm-1"), none = wanted_of("{\"from\":\"0.0.0.0/0\"}", "vm-1");
        struct order order = {
                .verb = ORDER_CREATE, .type = TYPE_PORT_MAPPING, .name = "ssh", .marker = "ssh", .wanted = &port
        };

        (void)state;
        check_order("port-mapping-create", &order);
        order.wanted = &least;
        check_order("port-mapping-create-least", &order);
        order.type = TYPE_ADDRESS_MAPPING;
        order.wanted = &address;
        check_order("address-mapping-create", &order);
        order.wanted = &none;
        check_order("address-mapping-create-least", &order);
        order.verb = ORDER_DELETE;
        order.id = "nat/1 ?";
        check_order("mapping-delete", &order);
        order.type = TYPE_PORT_MAPPING;
        check_order("mapping-delete", &order);
}

static void impossible_orders_are_told(void **state)
{
        const struct values none = wanted_of(NULL, NULL), half = wanted_of("{\"port\":22}", NULL);
        const struct values no_text = wanted_of("nothing", "vm-1");
        struct order order = {
                .verb = ORDER_CREATE, .type = TYPE_PORT_MAPPING, .name = "ssh", .marker = "ssh", .wanted = &none
        };

        (void)state;
        check_impossible(&order, "leads to");
        order.wanted = &no_text;
        check_impossible(&order, "leads to");
        order.wanted = &half;
        check_impossible(&order, "both addresses");
        order.type = TYPE_ADDRESS_MAPPING;
        check_impossible(&order, "machine");
        order.marker = NULL;
        check_impossible(&order, "only make and delete");
        order = (struct order){ .verb = ORDER_CHANGE, .type = TYPE_PORT_MAPPING, .id = "nat-1", .wanted = &none };
        check_impossible(&order, "only make and delete");
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_PORT_MAPPING, .id = ".." };
        check_impossible(&order, "id");
}

/* No reply tells the id, whatever stands in it. */
static void replies_to_orders_are_read(void **state)
{
        static const enum thing_type types[] = { TYPE_PORT_MAPPING, TYPE_ADDRESS_MAPPING };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                struct order order = { .verb = ORDER_CREATE, .type = types[i], .name = "ssh" };

                check_outcome(&order, "{\"result\":\"0\",\"data\":{\"tenant.shareip\":\"100.64.0.1\"}}",
                              OUTCOME_ACCEPTED, NULL);
                check_outcome(&order, "{\"result\":\"0\",\"data\":{\"nat_id\":\"nat-1\",\"slb.id\":\"slb-1\"}}",
                              OUTCOME_ACCEPTED, NULL);
                check_outcome(&order, "{\"result\":0}", OUTCOME_ACCEPTED, NULL);
                check_outcome(&order, "{\"result\":\"1\",\"resultinfo\":\"no\"}", OUTCOME_UNKNOWN, NULL);
                check_outcome(&order, "{\"result\":\"1003\"}", OUTCOME_AUTH, NULL);
                order = (struct order){ .verb = ORDER_DELETE, .type = types[i], .id = "nat-1" };
                check_outcome(&order, "{\"result\":\"0\",\"data\":{}}", OUTCOME_ACCEPTED, NULL);
                check_outcome(&order, "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL);
        }
}

/* What specs and listings say alike is one text, and tells which places are the same. */
static void places_meet(void **state)
{
        static const struct {
                const char *a, *b;
                bool meet;
        } cases[] = {
                { PORT, PORT, true },
                { PORT, PORT_LEAST, false },
                { PORT, "{\"address\":\"203.0.113.10\",\"outerPort\":2222,\"protocol\":\"udp\"}", false },
                { PORT, "{\"address\":\"203.0.113.11\",\"outerPort\":2222,\"protocol\":\"tcp\"}", false },
                { PORT, "{\"address\":\"203.0.113.10\"}", true },
                { ADDRESS, "{\"address\":\"203.0.113.11\"}", true },
                { ADDRESS, PORT, false },
                { "{}", "{}", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *a = NULL, *b = NULL;

                assert_int_equal(settings_parse(cases[i].a, &a), 0);
                assert_int_equal(settings_parse(cases[i].b, &b), 0);
                assert_int_equal(mappings_meet(a, b), cases[i].meet);
                assert_int_equal(mappings_meet(b, a), cases[i].meet);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listings_are_read),          cmocka_unit_test(looks_are_as_documented),
                cmocka_unit_test(orders_are_as_documented),   cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read), cmocka_unit_test(places_meet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
