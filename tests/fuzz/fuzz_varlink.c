/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: any bytes as one message of the control socket, from a caller who may only read.
 * What is a call has to be answered by a message as the protocol wants it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/admin.h"
#include "daemon/control_service.h"
#include "daemon/log.h"
#include "daemon/operate.h"
#include "daemon/varlink.h"

#include "fuzz.h"

static json_t *nothing(void *daemon)
{
	(void)daemon;
	return json_object();
}

static json_t *lookup(void *daemon, struct span hash, uint32_t cursor)
{
	(void)daemon;
	assert(hash.len >= 1 && hash.len <= 64);
	return json_pack("{s:I}", "next", (json_int_t)cursor);
}

static json_t *partitions(void *daemon, uint32_t first, uint32_t count)
{
	(void)daemon;
	assert(first < 16384 && count <= 512);
	return json_pack("{s:I}", "next", (json_int_t)first + count);
}

/* An even first byte is refused. */
static int explain(void *daemon, struct span hash, uint64_t *question, struct refusal *why)
{
	(void)daemon;
	assert(hash.len >= 1 && hash.len <= 64);
	*question = hash.p[0];
	why->kind = hash.p[0] % 2 ? REFUSAL_NONE : REFUSAL_REFUSED;
	return hash.p[0] % 2 ? 0 : -1;
}

static void explain_end(void *daemon, uint64_t question)
{
	(void)daemon;
	assert(question % 2);
}

/* Nobody who may only read gets here. */
static json_t *reload(void *daemon, bool dry_run, const char *asked_by)
{
	(void)daemon;
	(void)dry_run;
	(void)asked_by;
	abort();
}

static void shut_down(void *daemon, const char *asked_by)
{
	(void)daemon;
	(void)asked_by;
	abort();
}

/* One JSON object with the keys of an answer, and a NUL at its end only. */
static void check_message(char *message, size_t len, bool error)
{
	assert(message && len > 1 && memchr(message, '\0', len) == message + len - 1);
	json_t *object = json_loadb(message, len - 1, JSON_REJECT_DUPLICATES, NULL);
	assert(json_is_object(object) && json_object_size(object) == 1 + (size_t)error);
	assert(json_is_object(json_object_get(object, "parameters")));
	assert(!error || json_is_string(json_object_get(object, "error")));
	json_decref(object);
	free(message);
}

static void check_answer(struct control_answer *a, const struct varlink_call *call)
{
	size_t len = 0;
	char *message;

	assert(!a->no_memory);
	if (a->stream.next) {
		assert(call->more || strcmp(call->method, "Explain") == 0);
		control_answer_release(a);
		return;
	}
	if (a->error)
		message = varlink_error(a->error, a->parameters, &len);
	else
		message = varlink_reply(a->parameters, false, &len);
	check_message(message, len, a->error != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct operations o = {
		.status = nothing,
		.stats = nothing,
		.peers = nothing,
		.config = nothing,
		.lookup = lookup,
		.reload = reload,
		.shut_down = shut_down,
		.partitions = partitions,
		.explain = explain,
		.explain_end = explain_end,
		.keys = nothing,
	};
	struct control_service service = {.interface = &admin_interface, .owner = &o};
	struct control_peer peer = {.uid = 1, .may_change = false};
	struct varlink_call call;

	log_set_level(LOG_LEVEL_ERROR);
	if (varlink_parse(&call, (const char *)data, size) != 0)
		return 0;
	assert(call.interface[0] && call.method[0] && !strchr(call.method, '.'));
	assert(json_is_object(call.parameters) && !(call.more && call.oneway));
	struct control_answer answer = control_service_answer(&service, &call, &peer);
	check_answer(&answer, &call);
	varlink_call_fini(&call);
	return 0;
}
