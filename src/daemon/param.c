/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/param.h"

#include <stdint.h>
#include <string.h>

static bool is_of(const json_t *value, enum param_type type)
{
	switch (type) {
	case PARAM_STRING: return json_is_string(value);
	case PARAM_INT: return json_is_integer(value);
	case PARAM_BOOL: return json_is_boolean(value);
	}
	return false;
}

static bool is_right(const json_t *value, const struct param *p)
{
	if (!value || json_is_null(value))
		return p->optional;
	return is_of(value, p->type);
}

static bool is_known(const char *name, const struct param *params, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(params[i].name, name) == 0)
			return true;
	return false;
}

const char *param_wrong(const json_t *object, const struct param *params, size_t count)
{
	const char *name;
	json_t *value;

	/* The loop only reads: no function of the library that it uses takes a const object. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (!is_known(name, params, count))
			return name;
	}
	for (size_t i = 0; i < count; i++)
		if (!is_right(json_object_get(object, params[i].name), &params[i]))
			return params[i].name;
	return NULL;
}
