/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * param: the parameters of a call, held against what its method knows.
 *
 * Strict, so that a caller's slip is told and not passed over: a parameter that the method does not
 * know, one of another type and one that is missing are wrong. An optional one may be null.
 */
#ifndef DHT_DAEMON_PARAM_H
#define DHT_DAEMON_PARAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum param_type {
	PARAM_STRING,
	PARAM_INT,
	PARAM_BOOL,
};

struct param {
	const char *name;
	enum param_type type;
	bool optional;
};

/* The name of the first that is wrong, valid as long as both; NULL when all are right. params may
 * be NULL when count is 0. */
const char *param_wrong(const json_t *object, const struct param *params, size_t count);

#endif
