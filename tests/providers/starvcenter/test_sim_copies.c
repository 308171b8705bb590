/* SPDX-License-Identifier: MIT */

/*
 * The simulator's backups and snapshots of machines.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

/* The two are alike but for this word. */
static const char *const words[] = { "backup", "snapshot" };

/* `text` with the word in place of each "@"; in memory that the next but three calls use again. */
static const char *say(const char *word, const char *text)
{
        static char texts[4][512];
        static size_t turn;
        char *said = texts[turn++ % 4];
        size_t n = 0;

        for (; *text; text++)
                n += (size_t)snprintf(said + n, sizeof(texts[0]) - n, *text == '@' ? "%s" : "%.1s",
                                      *text == '@' ? word : text);
        return said;
}

static void make(struct simulation *s, usec_t now, const char *word)
{
        check_call(s, now, METHOD_POST, say(word, "cloudvm/@/create"),
                   say(word, "{\"@.vmid\":\"vm-1\",\"@.name\":\"daily\",\"@.desc\":\"muster\"}"),
                   "\"startid\":\"task-");
}

static void list(struct simulation *s, usec_t now, const char *word, const char *expected)
{
        check_call(s, now, METHOD_GET, say(word, "cloudvm/@/vm-1"), NULL, say(word, expected));
}

static void they_are_made_late(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                struct simulation *s = make_sim(2, false);
                const char *word = words[i];

                list(s, 0, word, "{\"result\":\"0\",\"data\":[]}");
                check_says(s, 0, say(word, "cloudvm/@/create"),
                           say(word, "{\"@.vmid\":\"vm-1\",\"@.name\":\"daily\",\"@.desc\":\"muster\"}"),
                           say(word, "{\"result\":\"0\",\"data\":{\"@.id\":\"@-1\"},\"startid\":\"task-1\"}"));
                list(s, READY_DELAY - 1, word,
                     "{\"result\":\"0\",\"data\":[{\"@.id\":\"@-1\",\"@.name\":\"daily\",\"@.desc\":\"muster\","
                     "\"@.vmid\":\"vm-1\",\"@.createtime\":\"2026-01-01 00:00:00\",\"@.enable\":\"false\"}]}");
                check_no(s, READY_DELAY - 1, METHOD_PUT, "cloudvm/destroy", "{\"vm.id\":\"vm-1\"}",
                         "machine is locked");
                check_no(s, READY_DELAY - 1, METHOD_DELETE, say(word, "cloudvm/@/@-1"), NULL, "is locked");
                list(s, READY_DELAY, word, "\"@.enable\":\"true\"}]}");
                check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/destroy", "{\"vm.id\":\"vm-1\"}", "\"result\":\"0\"");
                simulator->free(s);
        }
}

static void calls_are_checked(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                struct simulation *s = make_sim(1, false);
                const char *word = words[i];

                check_no(s, 0, METHOD_POST, say(word, "cloudvm/@/create"), say(word, "{\"@.vmid\":\"vm-1\"}"),
                         say(word, "@.name is missing"));
                check_no(s, 0, METHOD_POST, say(word, "cloudvm/@/create"), say(word, "{\"@.name\":\"x\"}"),
                         "machine does not exist");
                check_no(s, 0, METHOD_GET, say(word, "cloudvm/@/vm-9"), NULL, "machine does not exist");
                check_no(s, 0, METHOD_DELETE, say(word, "cloudvm/@/@-9"), NULL, say(word, "the @ does not exist"));
                check_no(s, 0, METHOD_PUT, say(word, "cloudvm/@/restore"), "{}", say(word, "the @ does not exist"));
                check_no(s, 0, METHOD_PUT, say(word, "cloudvm/@/modify"), "{}", say(word, "the @ does not exist"));
                simulator->free(s);
        }
}

static void they_are_restored_changed_and_deleted(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                struct simulation *s = make_sim(1, false);
                const char *word = words[i];

                make(s, 0, word);
                s = saved_and_loaded(s, 1, false);
                list(s, READY_DELAY, word, "\"@.enable\":\"true\"}]}");
                check_call(s, READY_DELAY, METHOD_PUT, say(word, "cloudvm/@/restore"), say(word, "{\"@.id\":\"@-1\"}"),
                           "\"startid\":\"task-2\"");
                check_no(s, READY_DELAY, METHOD_PUT, say(word, "cloudvm/@/restore"), say(word, "{\"@.id\":\"@-1\"}"),
                         "is locked");
                check_no(s, READY_DELAY, METHOD_DELETE, "cloudvm/vm-1", NULL, "machine is locked");
                check_call(s, READY_DELAY, METHOD_PUT, say(word, "cloudvm/@/modify"),
                           say(word, "{\"@.id\":\"@-1\",\"@.desc\":\"kept\"}"), "{\"result\":\"0\",\"data\":\"\"}");
                list(s, READY_DELAY, word, "\"@.desc\":\"kept\"");
                console_at(s, 2 * READY_DELAY, say(word, "@-change"), say(word, "{\"id\":\"@-1\",\"usable\":false}"),
                           0);
                check_no(s, 2 * READY_DELAY, METHOD_PUT, say(word, "cloudvm/@/restore"),
                         say(word, "{\"@.id\":\"@-1\"}"), "is not usable");
                console_at(s, 2 * READY_DELAY, say(word, "@-delete"), "{\"restores\":1}", 0);
                list(s, 2 * READY_DELAY, word, "\"data\":[]}");
                make(s, 2 * READY_DELAY, word);
                check_call(s, 3 * READY_DELAY, METHOD_DELETE, say(word, "cloudvm/@/@-2"), NULL,
                           "{\"result\":\"0\",\"data\":\"\"}");
                list(s, 3 * READY_DELAY, word, "\"data\":[]}");
                simulator->free(s);
        }
}

static void they_go_with_their_machine(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        make(s, 0, "backup");
        make(s, READY_DELAY, "snapshot");
        console_at(s, READY_DELAY, "delete", "{\"id\":\"vm-1\"}", 0);
        check_no(s, READY_DELAY, METHOD_DELETE, "cloudvm/backup/backup-1", NULL, "backup does not exist");
        check_no(s, 3 * READY_DELAY, METHOD_DELETE, "cloudvm/snapshot/snapshot-1", NULL, "snapshot does not exist");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);

        (void)state;
        list(s, 0, "backup", "{\"result\":0,\"data\":\"\"}");
        list(s, 0, "snapshot", "{\"result\":0,\"data\":null}");
        make(s, 0, "backup");
        list(s, 0, "backup", "\"data\":{\"@.id\":\"@-1\"");
        list(s, 0, "backup", "\"@.enable\":false}}");
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                const char *w = words[i];

                check_class(s, METHOD_GET, say(w, "cloudvm/@/vm-1"), NULL, say(w, "@-list"), "vm-1");
                check_class(s, METHOD_POST, say(w, "cloudvm/@/create"), say(w, "{\"@.name\":\"x\"}"), w, "x");
                check_class(s, METHOD_DELETE, say(w, "cloudvm/@/b-1"), NULL, say(w, "@-delete"), "b-1");
                check_class(s, METHOD_PUT, say(w, "cloudvm/@/restore"), say(w, "{\"@.id\":\"b\"}"), say(w, "@-restore"),
                            "b");
                check_class(s, METHOD_PUT, say(w, "cloudvm/@/modify"), say(w, "{\"@.id\":\"b\"}"), say(w, "@-change"),
                            "b");
        }
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(they_are_made_late),
                cmocka_unit_test(calls_are_checked),
                cmocka_unit_test(they_are_restored_changed_and_deleted),
                cmocka_unit_test(they_go_with_their_machine),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
