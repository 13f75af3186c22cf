/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "service.h"
#include "tools/common/clock.h"
#include "tools/dhtctl/admin.h"
#include "tools/dhtctl/varlink_call.h"

#define METHOD  "org.example.Ask"
#define SHORT   60 /* ms */
#define TOO_BIG (VARLINK_REPLY_MAX + 2)

static void assert_fault(const struct fault *f, int status, const char *code)
{
	assert_int_equal(f->status, status);
	assert_string_equal(f->code, code);
	assert_non_null(strstr(f->message, scratch));
}

/* One call of a service that does this; the fault it ends in. */
static void assert_fails(const struct step *step, int status, const char *code)
{
	struct service service;
	struct varlink v;
	struct fault f = {0};

	service_start(&service, step, 1);
	varlink_init(&v, service_path());
	v.wait_ms = 2000;
	assert_null(varlink_call(&v, METHOD, NULL, &f));
	assert_fault(&f, status, code);
	assert_int_equal(v.fd, -1);
	varlink_close(&v);
	service_end(&service);
}

static void calls_are_answered(void **state)
{
	static const struct step steps[] = {SAYS("{\"parameters\":{\"a\":1}}"), SAYS("{}"),
		{.says = "{\"parameters\":{\"b\":2}}", .len = 23, .piecemeal = true}};
	struct service service;
	struct varlink v;
	struct fault f = {0};
	json_t *reply;

	(void)state;
	service_start(&service, steps, COUNT(steps));
	varlink_init(&v, service_path());
	reply = varlink_call(&v, METHOD, json_pack("{s:i}", "x", 7), &f);
	assert_int_equal(json_integer_value(json_object_get(reply, "a")), 1);
	json_decref(reply);
	reply = varlink_call(&v, METHOD, NULL, &f);
	assert_int_equal(json_object_size(reply), 0);
	json_decref(reply);
	reply = varlink_call(&v, METHOD, NULL, &f);
	assert_int_equal(json_integer_value(json_object_get(reply, "b")), 2);
	json_decref(reply);
	varlink_close(&v);
	service_end(&service);
	assert_int_equal(service.call_count, 3);
	assert_string_equal(
		service.calls[0], "{\"method\":\"" METHOD "\",\"parameters\":{\"x\":7}}");
	assert_string_equal(service.calls[1], "{\"method\":\"" METHOD "\"}");
}

/* What was answered is answered: the connection goes on. */
static void an_error_is_a_fault(void **state)
{
	static const struct step steps[] = {
		SAYS("{\"error\":\"org.varlink.service.PermissionDenied\"}"), SAYS("{}")};
	struct service service;
	struct varlink v;
	struct fault f = {0};
	json_t *reply;

	(void)state;
	service_start(&service, steps, COUNT(steps));
	varlink_init(&v, service_path());
	assert_null(varlink_call(&v, METHOD, NULL, &f));
	assert_int_equal(f.status, EXIT_NOT_PERMITTED);
	assert_true(v.fd >= 0);
	f = (struct fault){0};
	reply = varlink_call(&v, METHOD, NULL, &f);
	assert_non_null(reply);
	json_decref(reply);
	varlink_close(&v);
	service_end(&service);
}

static void rubbish_is_told(void **state)
{
	static const struct step steps[] = {SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"), SAYS(""),
		SAYS("{\"parameters\":{},\"continues\":true}"), SAYS("{\"x\":1}"), SAYS("[\"a\"]")};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++)
		assert_fails(&steps[i], EXIT_FAILED, "protocol");
}

static void closing_early_is_told(void **state)
{
	static const struct step silent = {.closes = true};
	static const struct step half = {.says = "{\"param", .len = 7, .closes = true};

	(void)state;
	assert_fails(&silent, EXIT_UNREACHABLE, "closed");
	assert_fails(&half, EXIT_UNREACHABLE, "closed");
}

/* 16 MiB and not a byte more. */
static void a_huge_reply_is_cut_off(void **state)
{
	struct step step = {.len = TOO_BIG, .closes = true};
	char *huge = malloc(TOO_BIG);

	(void)state;
	assert_non_null(huge);
	memset(huge, ' ', TOO_BIG);
	step.says = huge;
	assert_fails(&step, EXIT_FAILED, "tooLong");
	free(huge);
}

static void a_large_reply_is_read(void **state)
{
	static const char text[] = "{\"parameters\":{\"a\":123}}";
	const size_t len = 3u << 20;
	char *large = malloc(len);
	const struct step step = {.says = large, .len = len};
	struct service service;
	struct varlink v;
	struct fault f = {0};
	json_t *reply;

	(void)state;
	assert_non_null(large);
	memset(large, ' ', len);
	memcpy(large + len - sizeof(text), text, sizeof(text));
	service_start(&service, &step, 1);
	varlink_init(&v, service_path());
	reply = varlink_call(&v, METHOD, NULL, &f);
	assert_int_equal(json_integer_value(json_object_get(reply, "a")), 123);
	json_decref(reply);
	varlink_close(&v);
	service_end(&service);
	free(large);
}

static void silence_has_an_end(void **state)
{
	static const struct step half = {.says = "{\"parameters\"", .len = 13};
	const struct step *steps[] = {NULL, &half};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct service service;
		struct varlink v;
		struct fault f = {0};
		uint64_t start = clock_ms();

		service_start(&service, steps[i], steps[i] ? 1 : 0);
		varlink_init(&v, service_path());
		v.wait_ms = SHORT;
		assert_null(varlink_call(&v, METHOD, NULL, &f));
		assert_fault(&f, EXIT_NO_ANSWER, "noAnswer");
		assert_non_null(strstr(f.message, "within 60ms"));
		assert_true(clock_ms() - start >= SHORT);
		varlink_close(&v);
		service_end(&service);
	}
}

/* ---- Nobody there ---- */

static void assert_cannot_open(const char *path, int status, const char *code)
{
	struct varlink v;
	struct fault f = {0};

	varlink_init(&v, path);
	v.wait_ms = SHORT;
	assert_int_equal(varlink_open(&v, &f), status);
	assert_fault(&f, status, code);
	assert_true(f.hint[0] != '\0');
	varlink_close(&v);
}

static void absence_has_three_faces(void **state)
{
	struct service service;
	char path[300];

	(void)state;
	assert_cannot_open(scratch_path("missing"), EXIT_UNREACHABLE, "noSocket");
	assert_cannot_open(scratch_write("file", "", 0600), EXIT_UNREACHABLE, "notASocket");
	assert_cannot_open(scratch_path("file/below"), EXIT_UNREACHABLE, "noSocket");
	service_start(&service, NULL, 0);
	service_end(&service);
	assert_cannot_open(service_path(), EXIT_UNREACHABLE, "refused");
	snprintf(path, sizeof(path), "%s/%0200d", scratch, 1);
	assert_cannot_open(path, EXIT_USAGE, "usage");
}

static void assert_absent(const char *path, const char *hint)
{
	struct varlink v;
	struct fault f = {0};

	varlink_init(&v, path);
	assert_int_equal(varlink_open(&v, &f), EXIT_UNREACHABLE);
	assert_string_equal(f.hint, hint);
}

static void the_cure_fits_the_socket(void **state)
{
	(void)state;
	assert_absent(scratch_path("missing"), "is it the right socket, and does its dhtd run?");
	if (access(ADMIN_SOCKET, F_OK) != 0 && errno == ENOENT)
		assert_absent(ADMIN_SOCKET, "is it running? systemctl status dht says");
}

static void a_datagram_socket_is_no_service(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("datagrams"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_cannot_open(scratch_path("datagrams"), EXIT_UNREACHABLE, "notASocket");
	close(fd);
}

/* A service that takes no connections any more. */
static void a_full_backlog_has_an_end(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct varlink waiting[3];
	struct fault f = {0};

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("full"));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 0), 0);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		varlink_init(&waiting[i], address.sun_path);
		waiting[i].wait_ms = SHORT;
		varlink_open(&waiting[i], &f);
	}
	assert_fault(&f, EXIT_NO_ANSWER, "noAnswer");
	for (size_t i = 0; i < COUNT(waiting); i++)
		varlink_close(&waiting[i]);
	close(listener);
}

/* ---- Streams ---- */

static void streams_end(void **state)
{
	static const struct step step = SAYS("{\"parameters\":{\"n\":1},\"continues\":true}\0"
					     "{\"parameters\":{\"n\":2},\"continues\":true}\0"
					     "{\"parameters\":{\"n\":3}}");
	struct service service;
	struct varlink v;
	struct fault f = {0};

	(void)state;
	service_start(&service, &step, 1);
	varlink_init(&v, service_path());
	assert_int_equal(varlink_start(&v, METHOD, NULL, &f), 0);
	for (int i = 1; i <= 3; i++) {
		json_t *item = varlink_next(&v, &f);

		assert_int_equal(json_integer_value(json_object_get(item, "n")), i);
		json_decref(item);
	}
	assert_null(varlink_next(&v, &f));
	assert_int_equal(f.status, 0);
	varlink_close(&v);
	service_end(&service);
	assert_string_equal(service.calls[0], "{\"method\":\"" METHOD "\",\"more\":true}");
}

static void a_stream_is_interrupted(void **state)
{
	static const struct step step = SAYS("{\"parameters\":{\"n\":1},\"continues\":true}");
	struct service service;
	struct varlink v;
	struct fault f = {0};

	(void)state;
	service_start(&service, &step, 1);
	varlink_init(&v, service_path());
	v.interrupt_fd = eventfd(0, 0);
	assert_int_equal(varlink_start(&v, METHOD, NULL, &f), 0);
	json_decref(varlink_next(&v, &f));
	eventfd_write(v.interrupt_fd, 1);
	assert_null(varlink_next(&v, &f));
	assert_int_equal(f.status, 0);
	varlink_close(&v);
	assert_null(varlink_call(&v, METHOD, NULL, &f));
	assert_fault(&f, EXIT_FAILED, "interrupted");
	close(v.interrupt_fd);
	service_end(&service);
}

static void a_stream_that_breaks_is_a_fault(void **state)
{
	static const char item[] = "{\"parameters\":{\"n\":1},\"continues\":true}";
	static const struct step step = {.says = item, .len = sizeof(item), .closes = true};
	struct service service;
	struct varlink v;
	struct fault f = {0};

	(void)state;
	service_start(&service, &step, 1);
	varlink_init(&v, service_path());
	assert_int_equal(varlink_start(&v, METHOD, NULL, &f), 0);
	json_decref(varlink_next(&v, &f));
	assert_null(varlink_next(&v, &f));
	assert_fault(&f, EXIT_UNREACHABLE, "closed");
	varlink_close(&v);
	service_end(&service);
}

static void the_end_is_waited_for(void **state)
{
	static const struct step steps[] = {SAYS("{}"), {.says = "{}", .len = 3, .closes = true}};
	struct service service;
	struct varlink v;
	struct fault f = {0};

	(void)state;
	service_start(&service, steps, COUNT(steps));
	varlink_init(&v, service_path());
	json_decref(varlink_call(&v, METHOD, NULL, &f));
	v.wait_ms = SHORT;
	assert_false(varlink_wait_closed(&v));
	v.wait_ms = 2000;
	json_decref(varlink_call(&v, METHOD, NULL, &f));
	assert_true(varlink_wait_closed(&v));
	assert_int_equal(f.status, 0);
	varlink_close(&v);
	service_end(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_answered),
		cmocka_unit_test(an_error_is_a_fault),
		cmocka_unit_test(rubbish_is_told),
		cmocka_unit_test(closing_early_is_told),
		cmocka_unit_test(a_huge_reply_is_cut_off),
		cmocka_unit_test(a_large_reply_is_read),
		cmocka_unit_test(silence_has_an_end),
		cmocka_unit_test(absence_has_three_faces),
		cmocka_unit_test(the_cure_fits_the_socket),
		cmocka_unit_test(a_datagram_socket_is_no_service),
		cmocka_unit_test(a_full_backlog_has_an_end),
		cmocka_unit_test(streams_end),
		cmocka_unit_test(a_stream_is_interrupted),
		cmocka_unit_test(a_stream_that_breaks_is_a_fault),
		cmocka_unit_test(the_end_is_waited_for),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
