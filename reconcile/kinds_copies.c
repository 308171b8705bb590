/* SPDX-License-Identifier: MIT */
#include "reconcile/kinds_table.h"

/* Backups and snapshots are alike but for their words, and so are the policies. */
#define POLICY_FIELDS(what)                                                                                            \
        { FIELD("provider", FIELD_RESOURCE, copy_policy, provider), .required = true, .kind = "Provider",              \
          .help = "the Provider that keeps the " what "s" },                                                           \
                { FIELD("machineSet", FIELD_RESOURCE, copy_policy, machine_set), .required = true,                     \
                  .kind = "MachineSet", .help = "the MachineSet whose machines they are of" },                         \
                { FIELD("every", FIELD_DURATION, copy_policy, every), .required = true, .min = HOUR, .max = 366 * DAY, \
                  .help = "how old the newest " what " of a machine may be before another one is made" },              \
                { FIELD("keep", FIELD_COUNT, copy_policy, keep), .required = true, .min = 1, .max = 100,               \
                  .help = "how many usable ones of each machine are kept; older ones of this policy go" },             \
        {                                                                                                              \
                0                                                                                                      \
        }

static const struct field backup_policy_fields[] = { POLICY_FIELDS("backup") };
static const struct field snapshot_policy_fields[] = { POLICY_FIELDS("snapshot") };

const struct kind kind_backup_policy = {
        .name = "BackupPolicy",
        .fields = backup_policy_fields,
        .spec_size = sizeof(struct copy_policy),
        .provider_offset = offsetof(struct copy_policy, provider),
        .makes = TYPE_BACKUP,
        .help = "how often backups of machines are made, and how many are kept",
};

const struct kind kind_snapshot_policy = {
        .name = "SnapshotPolicy",
        .fields = snapshot_policy_fields,
        .spec_size = sizeof(struct copy_policy),
        .provider_offset = offsetof(struct copy_policy, provider),
        .makes = TYPE_SNAPSHOT,
        .help = "how often snapshots of machines are made, and how many are kept",
};
