/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/run.h"

#include <curl/curl.h>
#include <jansson.h>
#include <libfyaml.h>
#include <libpq-fe.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <seccomp.h>

enum { VERSION_SIZE = 32 };

struct library {
    const char *name;
    char version[VERSION_SIZE];
};

enum { LIBRARY_COUNT = 7 };

/* The versions that are loaded now, which need not be those that pasu was built with. */
static void
libraries_find(struct library libraries[LIBRARY_COUNT])
{
    const struct scmp_version *seccomp = seccomp_version();
    int pq = PQlibVersion();

    libraries[0].name = "openssl";
    snprintf(libraries[0].version, VERSION_SIZE, "%s", OpenSSL_version(OPENSSL_VERSION_STRING));
    libraries[1].name = "libfyaml";
    snprintf(libraries[1].version, VERSION_SIZE, "%s", fy_library_version());
    libraries[2].name = "libseccomp";
    snprintf(libraries[2].version, VERSION_SIZE, "%u.%u.%u", seccomp != NULL ? seccomp->major : 0,
             seccomp != NULL ? seccomp->minor : 0, seccomp != NULL ? seccomp->micro : 0);
    libraries[3].name = "jansson";
    snprintf(libraries[3].version, VERSION_SIZE, "%s", jansson_version_str());
    libraries[4].name = "libpq";
    snprintf(libraries[4].version, VERSION_SIZE, "%d.%d", pq / 10000, pq % 10000);
    libraries[5].name = "libcurl";
    snprintf(libraries[5].version, VERSION_SIZE, "%s", curl_version_info(CURLVERSION_NOW)->version);
    libraries[6].name = "libmicrohttpd";
    snprintf(libraries[6].version, VERSION_SIZE, "%s", MHD_get_version());
}

int
run_version(const struct arguments *arguments)
{
    struct library libraries[LIBRARY_COUNT];

    libraries_find(libraries);
    if (!arguments_given(arguments, OPTION_json)) {
        printf("pasu %s\n", PASU_VERSION);
        for (size_t i = 0; i < LIBRARY_COUNT; i++)
            printf("%s %s\n", libraries[i].name, libraries[i].version);
        return output_end(0);
    }
    printf("{\"pasu\": \"%s\", \"libraries\": {", PASU_VERSION);
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        printf("%s\"%s\": \"%s\"", i > 0 ? ", " : "", libraries[i].name, libraries[i].version);
    puts("}}");
    return output_end(0);
}
