/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Estates without YAML: what a test wants, as the structs that specs are decoded into, with the language's defaults. Everything
 * lives in the estate's pool. A test that is out of memory ends.
 */

#include "reconcile/kinds.h"

struct estate *test_estate_new(void);

/* Each returns the resource, for the test to change what the default is not right for. */
struct resource *test_estate_add(struct estate *estate, const struct kind *kind, const char *name); /* an empty spec */
struct resource *test_estate_add_provider(struct estate *estate, const char *name, const char *endpoint);
struct resource *test_estate_add_set(struct estate *estate, const char *name, struct resource *provider, int64_t count);
struct resource *test_estate_add_template(struct estate *estate, const char *name, struct resource *provider);
struct resource *test_estate_add_group(struct estate *estate, const char *name, struct resource *provider);
struct resource *test_estate_add_balancer(struct estate *estate, const char *name, struct resource *provider);
struct resource *test_estate_add_policy(struct estate *estate);

/* To be called when all is added. */
void test_estate_finish(struct estate *estate);

/* Zeros that live as long as the estate. */
void *test_estate_alloc(struct estate *estate, size_t size);
/* A text that lives as long as the estate. */
const char *test_estate_text(struct estate *estate, const char *format, ...) _printf_(2, 3);
