/* SPDX-License-Identifier: Apache-2.0 */
/* The names of SCIM's schemas and messages (RFC 7643, 10; RFC 7644, 8). */
#ifndef PASU_PEOPLE_URN_H
#define PASU_PEOPLE_URN_H

#define URN_USER       "urn:ietf:params:scim:schemas:core:2.0:User"
#define URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define URN_SCHEMA     "urn:ietf:params:scim:schemas:core:2.0:Schema"
#define URN_TYPE       "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define URN_CONFIG     "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
#define URN_LIST       "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define URN_PATCH      "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define URN_ERROR      "urn:ietf:params:scim:api:messages:2.0:Error"

#endif
