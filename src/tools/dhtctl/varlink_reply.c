/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/varlink_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/exitcode.h"

#define SERVICE "org.varlink.service."
#define CONTROL "org.dht.Control."

/* Whether nothing in value is deeper than depth. */
static bool shallow(const json_t *value, int depth)
{
	void *at = json_object_iter((json_t *)value);

	if (!json_is_object(value) && !json_is_array(value))
		return true;
	if (depth == 0)
		return false;
	for (; at; at = json_object_iter_next((json_t *)value, at))
		if (!shallow(json_object_iter_value(at), depth - 1))
			return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!shallow(json_array_get(value, i), depth - 1))
			return false;
	return true;
}

/* Nothing but the three keys, each of its type. */
static bool well_formed(const json_t *root, bool more)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *parameters = json_object_get(root, "parameters");
	const json_t *continues = json_object_get(root, "continues");
	size_t known = 0;

	known += error != NULL;
	known += parameters != NULL;
	known += continues != NULL;
	if (!json_is_object(root) || known != json_object_size(root))
		return false;
	if ((error && !json_is_string(error)) || (continues && !json_is_boolean(continues)))
		return false;
	if (parameters && !json_is_object(parameters) && !json_is_null(parameters))
		return false;
	if (!shallow(parameters, VARLINK_REPLY_DEPTH_MAX))
		return false;
	return !json_is_true(continues) || (more && !error);
}

int varlink_reply_parse(struct varlink_reply *r, const char *bytes, size_t len, bool more)
{
	json_error_t why;
	json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	const json_t *error = json_object_get(root, "error");
	json_t *parameters = json_object_get(root, "parameters");

	*r = (struct varlink_reply){0};
	if (!root && json_error_code(&why) == json_error_out_of_memory)
		return DHT_ENOMEM;
	if (!root || !well_formed(root, more)) {
		json_decref(root);
		return DHT_EINVAL;
	}
	r->continues = json_is_true(json_object_get(root, "continues"));
	r->parameters = json_is_object(parameters) ? json_incref(parameters) : json_object();
	r->error = error ? strdup(json_string_value(error)) : NULL;
	json_decref(root);
	if (r->parameters && !error == !r->error)
		return 0;
	varlink_reply_fini(r);
	return DHT_ENOMEM;
}

void varlink_reply_fini(struct varlink_reply *r)
{
	json_decref(r->parameters);
	free(r->error);
	*r = (struct varlink_reply){0};
}

/* Without its interface. */
static const char *short_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* The daemon says in words why not, and what to do about it. */
static int refusal(const struct varlink_reply *r, int status, const char *code, struct fault *f)
{
	const char *reason = json_string_value(json_object_get(r->parameters, "reason"));
	const char *hint = json_string_value(json_object_get(r->parameters, "hint"));

	return fault_set(f, status, code, hint, "%.500s", reason ? reason : "dhtd says no");
}

int varlink_reply_fault(const struct varlink_reply *r, const char *method, struct fault *f)
{
	const json_t *parameter = json_object_get(r->parameters, "parameter");
	const char *name = json_string_value(parameter);

	method = short_name(method);
	if (strcmp(r->error, SERVICE "PermissionDenied") == 0)
		return fault_set(f, EXIT_NOT_PERMITTED, "notPermitted",
			"root and the group of control.admin_group (_dht) may: 'adduser YOU _dht' "
			"and log in again, or sudo",
			"dhtd does not let you do this (%s)", method);
	if (strcmp(r->error, SERVICE "MethodNotFound") == 0 ||
		strcmp(r->error, SERVICE "MethodNotImplemented") == 0 ||
		strcmp(r->error, SERVICE "InterfaceNotFound") == 0)
		return fault_set(f, EXIT_FAILED, "unknownMethod",
			"versions differ; dhtctl --version, dhtctl status",
			"this dhtd does not know %s", method);
	if (strcmp(r->error, CONTROL "Refused") == 0)
		return refusal(r, EXIT_FAILED, "refused", f);
	if (strcmp(r->error, CONTROL "NotFound") == 0)
		return refusal(r, EXIT_NOT_FOUND, "notFound", f);
	if (strcmp(r->error, SERVICE "InvalidParameter") == 0)
		return fault_set(f, EXIT_USAGE, "invalidParameter", NULL,
			"dhtd does not accept this %s (%s)", name ? name : "parameter", method);
	return fault_set(
		f, EXIT_FAILED, "error", NULL, "dhtd answers %s with %s", method, r->error);
}
