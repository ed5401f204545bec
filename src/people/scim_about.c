/* SPDX-License-Identifier: Apache-2.0 */
/* What the endpoint says of itself (RFC 7643, 5 to 7; RFC 7644, 4). */
#include "people/scim.h"

#include "people/urn.h"

static json_t *
config_json(const char *base)
{
    return json_pack(
        "{s[s] s{sb} s{sb si si} s{sb si} s{sb} s{sb} s{sb} s[{ss ss ss sb}] s{ss so}}", "schemas",
        URN_CONFIG, "patch", "supported", 1, "bulk", "supported", 0, "maxOperations", 0,
        "maxPayloadSize", 0, "filter", "supported", 1, "maxResults", 500, "changePassword",
        "supported", 0, "sort", "supported", 0, "etag", "supported", 0, "authenticationSchemes",
        "type", "oauthbearertoken", "name", "Bearer token", "description",
        "Authorization: Bearer TOKEN, one of principals.scim.token_file", "primary", 1, "meta",
        "resourceType", "ServiceProviderConfig", "location",
        json_sprintf("%s/ServiceProviderConfig", base));
}

static json_t *
type_json(const char *base)
{
    return json_pack("{s[s] ss ss ss ss s[{ss sb}] s{ss so}}", "schemas", URN_TYPE, "id", "User",
                     "name", "User", "endpoint", "/Users", "schema", URN_USER, "schemaExtensions",
                     "schema", URN_ENTERPRISE, "required", 0, "meta", "resourceType",
                     "ResourceType", "location", json_sprintf("%s/ResourceTypes/User", base));
}

static json_t *
attribute_json(const char *name, const char *type, bool is_many, bool is_required,
               const char *uniqueness)
{
    return json_pack("{ss ss sb sb sb ss ss ss}", "name", name, "type", type, "multiValued",
                     is_many, "required", is_required, "caseExact", 0, "mutability", "readWrite",
                     "returned", "default", "uniqueness", uniqueness);
}

static json_t *
schema_json(const char *id, const char *name, json_t *take_attributes, const char *base)
{
    return json_pack("{s[s] ss ss so s{ss so}}", "schemas", URN_SCHEMA, "id", id, "name", name,
                     "attributes", take_attributes, "meta", "resourceType", "Schema", "location",
                     json_sprintf("%s/Schemas/%s", base, id));
}

static json_t *
with_parts(json_t *attribute, json_t *take_parts)
{
    if (json_object_set_new(attribute, "subAttributes", take_parts) == 0)
        return attribute;
    json_decref(attribute);
    return NULL;
}

static json_t *
user_schema_json(const char *base)
{
    json_t *name =
        with_parts(attribute_json("name", "complex", false, false, "none"),
                   json_pack("[o]", attribute_json("formatted", "string", false, false, "none")));
    json_t *emails =
        with_parts(attribute_json("emails", "complex", true, false, "none"),
                   json_pack("[o o o]", attribute_json("value", "string", false, false, "none"),
                             attribute_json("type", "string", false, false, "none"),
                             attribute_json("primary", "boolean", false, false, "none")));

    return schema_json(URN_USER, "User",
                       json_pack("[o o o o o o o]",
                                 attribute_json("userName", "string", false, true, "server"), name,
                                 attribute_json("displayName", "string", false, false, "none"),
                                 attribute_json("nickName", "string", false, false, "none"),
                                 attribute_json("userType", "string", false, false, "none"),
                                 attribute_json("active", "boolean", false, false, "none"), emails),
                       base);
}

static json_t *
enterprise_schema_json(const char *base)
{
    json_t *manager =
        with_parts(attribute_json("manager", "complex", false, false, "none"),
                   json_pack("[o]", attribute_json("value", "string", false, false, "none")));

    return schema_json(URN_ENTERPRISE, "EnterpriseUser", json_pack("[o]", manager), base);
}

/* Takes them. */
static json_t *
list_json(json_t *take_list)
{
    json_int_t count = (json_int_t)json_array_size(take_list);

    return json_pack("{s[s] sI sI sI so}", "schemas", URN_LIST, "totalResults", count, "startIndex",
                     (json_int_t)1, "itemsPerPage", count, "Resources", take_list);
}

json_t *
scim_about(const char *path, const char *base)
{
    if (strcmp(path, "/ServiceProviderConfig") == 0)
        return config_json(base);
    if (strcmp(path, "/ResourceTypes") == 0)
        return list_json(json_pack("[o]", type_json(base)));
    if (strcmp(path, "/ResourceTypes/User") == 0)
        return type_json(base);
    if (strcmp(path, "/Schemas") == 0)
        return list_json(json_pack("[o o]", user_schema_json(base), enterprise_schema_json(base)));
    if (strcmp(path, "/Schemas/" URN_USER) == 0)
        return user_schema_json(base);
    return strcmp(path, "/Schemas/" URN_ENTERPRISE) == 0 ? enterprise_schema_json(base) : NULL;
}
