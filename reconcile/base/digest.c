/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/digest.h"

struct digest {
        EVP_MD_CTX *context; /* NULL once ended */
};

struct digest *digest_free(struct digest *d)
{
        if (!d)
                return NULL;

        EVP_MD_CTX_free(d->context);
        free(d);
        return NULL;
}

int digest_new(struct digest **ret)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;

        d = calloc(1, sizeof(*d));
        if (!d)
                return -ENOMEM;

        d->context = EVP_MD_CTX_new();
        if (!d->context)
                return -ENOMEM;
        if (EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
                return -EIO;

        *ret = STEAL(d);
        return 0;
}

int digest_add(struct digest *d, const void *bytes, size_t n)
{
        if (!d->context)
                return -EINVAL;

        return EVP_DigestUpdate(d->context, bytes, n) == 1 ? 0 : -EIO;
}

int digest_end(struct digest *d, char text[static DIGEST_TEXT_MAX])
{
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        char *p;

        if (!d->context)
                return -EINVAL;
        if (EVP_DigestFinal_ex(d->context, bytes, &n) != 1)
                return -EIO;

        EVP_MD_CTX_free(d->context);
        d->context = NULL;

        p = stpcpy(text, "sha256:");
        for (unsigned i = 0; i < n; i++)
                p += sprintf(p, "%02x", (unsigned)bytes[i]);

        return 0;
}
