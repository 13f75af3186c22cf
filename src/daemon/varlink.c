/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/varlink.h"

#include <string.h>

#include "base/err.h"

/* "org.dht.Control.GetStatus" into what is before its last dot, and what is behind it. */
static int take_method(struct varlink_call *call, const json_t *value)
{
	const char *name = json_string_value(value);
	size_t len = json_string_length(value);
	const char *dot = name ? memrchr(name, '.', len) : NULL;

	if (!dot || dot == name || dot == name + len - 1 || len >= VARLINK_NAME_MAX)
		return DHT_EINVAL;
	memcpy(call->interface, name, (size_t)(dot - name));
	memcpy(call->method, dot + 1, len - (size_t)(dot + 1 - name));
	return 0;
}

static int take_parameters(struct varlink_call *call, json_t *value)
{
	if (json_is_null(value))
		return 0;
	if (!json_is_object(value))
		return DHT_EINVAL;
	call->parameters = json_incref(value);
	return 0;
}

static int take_flag(bool *flag, const json_t *value)
{
	if (!json_is_boolean(value))
		return DHT_EINVAL;
	*flag = json_is_true(value);
	return 0;
}

static int take_key(struct varlink_call *call, const char *key, json_t *value)
{
	if (strcmp(key, "method") == 0)
		return take_method(call, value);
	if (strcmp(key, "parameters") == 0)
		return take_parameters(call, value);
	if (strcmp(key, "more") == 0)
		return take_flag(&call->more, value);
	if (strcmp(key, "oneway") == 0)
		return take_flag(&call->oneway, value);
	/* Nothing here leaves the protocol: who insists would take our next answer for bytes. */
	if (strcmp(key, "upgrade") == 0)
		return json_is_false(value) ? 0 : DHT_EINVAL;
	return DHT_EINVAL;
}

static int take_object(struct varlink_call *call, json_t *object)
{
	const char *key;
	json_t *value;
	int err = 0;

	if (!json_is_object(object))
		return DHT_EINVAL;
	json_object_foreach(object, key, value)
	{
		err = take_key(call, key, value);
		if (err)
			return err;
	}
	if (call->method[0] == '\0' || (call->more && call->oneway))
		return DHT_EINVAL;
	if (!call->parameters)
		call->parameters = json_object();
	return call->parameters ? 0 : DHT_ENOMEM;
}

int varlink_parse(struct varlink_call *call, const char *bytes, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);

	*call = (struct varlink_call){.parameters = NULL};
	if (!object)
		return json_error_code(&error) == json_error_out_of_memory ? DHT_ENOMEM
		                                                           : DHT_EINVAL;
	int err = take_object(call, object);
	json_decref(object);
	if (err)
		varlink_call_fini(call);
	return err;
}

void varlink_call_fini(struct varlink_call *call)
{
	json_decref(call->parameters);
	call->parameters = NULL;
}

/* Takes object. Not with json_dumps(): where its buffer cannot grow it leaves a piece out. */
static char *message_of(json_t *object, size_t *len)
{
	size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
	char *text = size ? malloc(size + 1) : NULL;

	if (text && json_dumpb(object, text, size, JSON_COMPACT) != size) {
		free(text);
		text = NULL;
	}
	json_decref(object);
	if (text) {
		text[size] = '\0';
		*len = size + 1;
	}
	return text;
}

/* Takes parameters, also when it fails. Without any they are {}: not every client takes none. */
static int set_parameters(json_t *object, json_t *parameters)
{
	return json_object_set_new(object, "parameters", parameters ? parameters : json_object());
}

char *varlink_reply(json_t *parameters, bool continues, size_t *len)
{
	json_t *object = json_object();
	int err = set_parameters(object, parameters);

	if (continues)
		err |= json_object_set_new(object, "continues", json_true());
	if (err == 0)
		return message_of(object, len);
	json_decref(object);
	return NULL;
}

char *varlink_error(const char *name, json_t *parameters, size_t *len)
{
	json_t *object = json_object();
	int err = json_object_set_new(object, "error", json_string(name));

	err |= set_parameters(object, parameters);
	if (err == 0)
		return message_of(object, len);
	json_decref(object);
	return NULL;
}
