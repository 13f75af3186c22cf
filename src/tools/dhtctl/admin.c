/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/dhtctl/admin.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "client/dht.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/interrupt.h"

const char *const admin_outputs[] = {"table", "json", NULL};

#define JSON_CHOICE 2

void admin_init(struct admin *a)
{
	a->console.output = a->flags.output == JSON_CHOICE ? OUTPUT_JSON : OUTPUT_TABLE;
	varlink_init(&a->varlink, a->flags.socket ? a->flags.socket : ADMIN_SOCKET);
}

void admin_catch_interrupt(struct admin *a)
{
	a->varlink.interrupt_fd = interrupt_open();
}

int admin_end(struct admin *a, int status)
{
	varlink_close(&a->varlink);
	if (a->varlink.interrupt_fd >= 0)
		close(a->varlink.interrupt_fd);
	return console_end(&a->console, status);
}

json_t *admin_ask(struct admin *a, const char *method, json_t *parameters)
{
	return varlink_call(&a->varlink, method, parameters, &a->console.fault);
}

bool admin_pause(const struct admin *a, uint64_t end_ms)
{
	struct pollfd interrupt = {.fd = a->varlink.interrupt_fd, .events = POLLIN};

	for (;;) {
		int left = clock_left_ms(end_ms);

		if (poll(&interrupt, 1, left) > 0)
			return true;
		if (left == 0)
			return false;
	}
}

bool admin_interrupted(struct admin *a)
{
	const struct fault *f = &a->console.fault;

	if (f->status == 0 || strcmp(f->code, "interrupted") != 0)
		return false;
	a->console.fault = (struct fault){0};
	return true;
}

int admin_level_fault(struct admin *a, const char *name, const char *level)
{
	struct fault *f = &a->console.fault;

	if (strcmp(f->code, "invalidParameter") != 0)
		return f->status;
	*f = (struct fault){0};
	return fault_set(f, EXIT_USAGE, "usage", "one of error, warning, notice, info, debug",
		"'%.60s' is not a value for %s", level, name);
}

int admin_address_fault(struct admin *a, const char *address)
{
	struct fault *f = &a->console.fault;

	if (strcmp(f->code, "invalidParameter") != 0)
		return f->status;
	*f = (struct fault){0};
	return fault_set(f, EXIT_USAGE, "usage", "IP, IPV4:PORT or [IPV6]:PORT",
		"'%.60s' is not the address of a server", address);
}

const char *reply_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

uint64_t reply_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

void reply_place(const json_t *object, const char *key, char out[static REPLY_PLACE_MAX])
{
	uint64_t port = reply_number(object, "port");
	struct dht_provider p = {.port = port <= UINT16_MAX ? (uint16_t)port : 0};

	snprintf(out, REPLY_PLACE_MAX, "%s", reply_text(object, key));
	if (dht_ip_parse(out, p.ip) == 0)
		dht_provider_format(&p, out);
}

void reply_show(struct writer *w, const json_t *object)
{
	void *at = json_object_iter((json_t *)object);

	for (; at; at = json_object_iter_next((json_t *)object, at))
		writer_json(w, json_object_iter_key(at), json_object_iter_value(at));
}
