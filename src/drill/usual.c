/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/usual.h"

const char drill_usual[] =
    "gateway: {listen: 127.0.0.1:6432, upstream: 127.0.0.1:5432}\n"
    "ledger: {directory: ./ledger}\n"
    "subjects: {customer: {table: public.customers, key: id}}\n"
    "personal_data:\n"
    "  - {table: public.customers, subject: customer, key: id, fields: {name: name, phone: phone, "
    "email: email, address: address}}\n"
    "  - {table: public.orders, subject: customer, key: customer_id, fields: {item: order, amount: "
    "order}}\n"
    "principals: {roster: roster.csv}\n"
    "rules:\n"
    "  - {name: overseas, when: {country: {not: [KR]}, fields: any}, verdict: block, reason: "
    "\"personal data from abroad\"}\n"
    "  - {name: night, when: {kind: human, hours: \"22:00-06:00\", fields: any}, verdict: hold}\n"
    "  - {name: never-ran, when: {kind: human, first_use: \"yes\", fields: any}, verdict: alert}\n"
    "budgets:\n"
    "  - {kind: human, window: hour, subjects: 300, verdict: hold}\n"
    "  - {kind: human, window: day, subjects: 1000, verdict: block}\n"
    "  - {kind: human, window: 30d, subjects: 5000, verdict: alert}\n"
    "time_zone: Asia/Seoul\n";
