/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/control_service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/param.h"

#define SERVICE "org.varlink.service"

static const char service_idl[] =
	"# What every Varlink service tells of itself.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who made the service, and which interfaces it has.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The description of an interface.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"# The service has no such interface.\n"
	"error InterfaceNotFound (interface: string)\n"
	"\n"
	"# The interface has no such method.\n"
	"error MethodNotFound (method: string)\n"
	"\n"
	"# The interface describes the method, but the service does not have it.\n"
	"error MethodNotImplemented (method: string)\n"
	"\n"
	"# A parameter is unknown, missing, of another type or out of its range.\n"
	"error InvalidParameter (parameter: string)\n"
	"\n"
	"# Others may call this, the caller may not.\n"
	"error PermissionDenied ()\n"
	"\n"
	"# The method has to be called with more.\n"
	"error ExpectedMore ()\n";

/* ---- Answers ---- */

static struct control_answer error_about(const char *error, const char *key, const char *what)
{
	json_t *parameters = json_object();
	int err = json_object_set_new(parameters, key, json_string(what));

	if (err == 0)
		return (struct control_answer){.error = error, .parameters = parameters};
	json_decref(parameters);
	return (struct control_answer){.no_memory = true};
}

struct control_answer control_invalid(const char *parameter)
{
	return error_about(SERVICE ".InvalidParameter", "parameter", parameter);
}

void control_answer_release(struct control_answer *a)
{
	json_decref(a->parameters);
	if (a->stream.done)
		a->stream.done(a->stream.state);
	*a = (struct control_answer){.parameters = NULL};
}

/* Takes parameters. */
static struct control_answer reply(json_t *parameters, bool whole)
{
	if (parameters && whole)
		return (struct control_answer){.parameters = parameters};
	json_decref(parameters);
	return (struct control_answer){.no_memory = true};
}

/* ---- org.varlink.service ---- */

static struct control_answer get_info(void *owner, const struct control_call *call)
{
	const struct control_service *s = owner;
	const char *wrong = param_wrong(call->parameters, NULL, 0);

	if (wrong)
		return control_invalid(wrong);
	json_t *interfaces = json_array();
	json_t *info = json_object();
	int err = json_array_append_new(interfaces, json_string(SERVICE));
	err |= json_array_append_new(interfaces, json_string(s->interface->name));
	err |= json_object_set_new(info, "vendor", json_string(PACKAGE_NAME));
	err |= json_object_set_new(info, "product", json_string("dhtd"));
	err |= json_object_set_new(info, "version", json_string(PACKAGE_VERSION));
	err |= json_object_set_new(info, "url", json_string(PACKAGE_URL));
	err |= json_object_set_new(info, "interfaces", interfaces);
	return reply(info, err == 0);
}

static struct control_answer describe(void *owner, const struct control_call *call)
{
	static const struct param params[] = {{"interface", PARAM_STRING, false}};
	const struct control_service *s = owner;
	const char *wrong = param_wrong(call->parameters, params, 1);
	const char *description = NULL;

	if (wrong)
		return control_invalid(wrong);
	const char *name = json_string_value(json_object_get(call->parameters, "interface"));
	if (strcmp(name, SERVICE) == 0)
		description = service_idl;
	else if (strcmp(name, s->interface->name) == 0)
		description = s->interface->description;
	if (!description)
		return error_about(SERVICE ".InterfaceNotFound", "interface", name);
	json_t *parameters = json_object();
	int err = json_object_set_new(parameters, "description", json_string(description));
	return reply(parameters, err == 0);
}

/* Their owner is the service itself. */
static const struct control_method service_methods[] = {
	{"GetInfo", CONTROL_READ, false, get_info},
	{"GetInterfaceDescription", CONTROL_READ, false, describe},
};

static const struct control_interface service_interface = {
	.name = SERVICE,
	.description = service_idl,
	.methods = service_methods,
	.method_count = sizeof(service_methods) / sizeof(service_methods[0]),
};

/* ---- Calls ---- */

static const struct control_method *find_method(
	const struct control_interface *interface, const char *name)
{
	for (size_t i = 0; i < interface->method_count; i++)
		if (strcmp(interface->methods[i].name, name) == 0)
			return &interface->methods[i];
	return NULL;
}

static void say_denied(
	struct control_service *s, const char *method, const struct control_peer *peer)
{
	char uid[24], pid[24], more[48] = "";
	uint32_t held;

	if (!log_gate_pass(&s->denials, clock_now().mono_us / 1000, &held))
		return;
	snprintf(uid, sizeof(uid), "%" PRIu64, (uint64_t)peer->uid);
	snprintf(pid, sizeof(pid), "%" PRIu64, (uint64_t)peer->pid);
	if (held)
		snprintf(more, sizeof(more), " (%" PRIu32 " more were refused)", held);
	struct log_field fields[] = {
		{"DHT_UID", uid},
		{"DHT_PID", pid},
		{"DHT_METHOD", method},
		{NULL, NULL},
	};
	log_event(LOG_EVENT_CONTROL_DENIED, fields,
		"user %s (process %s) may not call %s: control.admin_group says who may%s", uid,
		pid, method, more);
}

static struct control_answer run(struct control_service *s, const struct control_method *method,
	void *owner, const struct varlink_call *call, const struct control_peer *peer)
{
	struct control_call c = {.parameters = call->parameters, .peer = peer, .more = call->more};

	if (method->access == CONTROL_CHANGE && !peer->may_change) {
		s->denied++;
		say_denied(s, method->name, peer);
		return (struct control_answer){.error = SERVICE ".PermissionDenied"};
	}
	if (method->needs_more && !call->more)
		return (struct control_answer){.error = SERVICE ".ExpectedMore"};
	return method->run(owner, &c);
}

struct control_answer control_service_answer(
	struct control_service *s, const struct varlink_call *call, const struct control_peer *peer)
{
	bool own = strcmp(call->interface, SERVICE) == 0;
	const struct control_interface *interface = own ? &service_interface : s->interface;
	char full[2 * VARLINK_NAME_MAX];

	s->calls++;
	if (strcmp(call->interface, interface->name) != 0)
		return error_about(SERVICE ".InterfaceNotFound", "interface", call->interface);
	const struct control_method *method = find_method(interface, call->method);
	if (method)
		return run(s, method, own ? s : s->owner, call, peer);
	snprintf(full, sizeof(full), "%s.%s", call->interface, call->method);
	return error_about(SERVICE ".MethodNotFound", "method", full);
}
