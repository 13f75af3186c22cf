/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"

#include "../unit.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void fields_are_read_in_order(void **state)
{
	struct reader r = reader_of(bytes, sizeof(bytes));
	uint8_t two[2];

	(void)state;
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_int_equal(read_u64(&r), 0x08090a0b0c0d0e0f);
	assert_int_equal(reader_left(&r), 3);
	assert_int_equal(reader_status(&r), 0);
	assert_int_equal(reader_done(&r), DHT_EMALFORMED);
	read_copy(&r, two, sizeof(two));
	assert_int_equal(two[1], 17);
	struct span rest = read_rest(&r);
	assert_ptr_equal(rest.p, bytes + 17);
	assert_int_equal(rest.len, 1);
	assert_int_equal(reader_done(&r), 0);
}

static void the_end_is_not_an_error(void **state)
{
	struct reader r = reader_of(bytes, 0);

	(void)state;
	assert_int_equal(reader_done(&r), 0);
	assert_int_equal(read_rest(&r).len, 0);
	assert_non_null(read_view(&r, 0));
	assert_int_equal(reader_done(&r), 0);
}

/* Each kind of read, one byte before its field is whole. */
static void a_field_cut_short_reads_as_zeros(void **state)
{
	(void)state;
	struct reader r = reader_of(bytes, 0);
	assert_int_equal(read_u8(&r), 0);
	assert_true(r.failed);
	r = reader_of(bytes, 1);
	assert_int_equal(read_u16(&r), 0);
	assert_true(r.failed);
	r = reader_of(bytes, 3);
	assert_int_equal(read_u32(&r), 0);
	assert_true(r.failed);
	r = reader_of(bytes, 7);
	assert_int_equal(read_u64(&r), 0);
	assert_true(r.failed);
	r = reader_of(bytes, 3);
	struct span s = read_span(&r, 4);
	assert_null(s.p);
	assert_int_equal(s.len, 0);
	assert_true(r.failed);
	r = reader_of(bytes, 3);
	uint8_t four[4] = {9, 9, 9, 9}, zeros[4] = {0};
	read_copy(&r, four, sizeof(four));
	assert_memory_equal(four, zeros, sizeof(zeros));
	assert_true(r.failed);
}

static void a_failed_reader_stays_failed(void **state)
{
	struct reader r = reader_of(bytes, 3);

	(void)state;
	read_u32(&r);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_null(read_view(&r, 0));
	assert_int_equal(read_rest(&r).len, 0);
	assert_int_equal(reader_status(&r), DHT_EMALFORMED);
	assert_int_equal(reader_done(&r), DHT_EMALFORMED);
}

static void a_huge_length_does_not_wrap(void **state)
{
	struct reader r = reader_of(bytes, sizeof(bytes));
	uint8_t room[4];
	struct writer w = writer_of(room, sizeof(room));

	(void)state;
	assert_null(read_view(&r, SIZE_MAX));
	assert_true(r.failed);
	assert_null(write_room(&w, SIZE_MAX));
	assert_true(w.failed);
}

static void fields_are_written_in_order(void **state)
{
	uint8_t to[sizeof(bytes)];
	struct writer w = writer_of(to, sizeof(to));

	(void)state;
	write_u8(&w, 0x01);
	write_u16(&w, 0x0203);
	write_u32(&w, 0x04050607);
	write_u64(&w, 0x08090a0b0c0d0e0f);
	assert_int_equal(writer_used(&w), 15);
	assert_int_equal(writer_left(&w), 3);
	write_span(&w, (struct span){.p = bytes + 15, .len = 2});
	write_copy(&w, bytes + 17, 1);
	write_copy(&w, NULL, 0);
	write_span(&w, (struct span){0});
	assert_int_equal(writer_left(&w), 0);
	assert_int_equal(writer_done(&w), sizeof(bytes));
	assert_memory_equal(to, bytes, sizeof(bytes));
}

/* What does not fit is not written in part, and nothing later slips in. */
static void a_failed_writer_writes_no_more(void **state)
{
	uint8_t to[5] = {9, 9, 9, 9, 9};
	static const uint8_t want[5] = {1, 9, 9, 9, 9};

	(void)state;
	struct writer w = writer_of(to, 4);
	write_u8(&w, 1);
	write_u32(&w, 0);
	assert_true(w.failed);
	write_u8(&w, 2);
	write_copy(&w, bytes, 1);
	assert_null(write_room(&w, 0));
	assert_int_equal(writer_left(&w), 0);
	assert_int_equal(writer_used(&w), 1);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	assert_memory_equal(to, want, sizeof(want));
}

static void every_number_needs_all_its_room(void **state)
{
	uint8_t to[8];

	(void)state;
	struct writer w = writer_of(to, 0);
	write_u8(&w, 1);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	w = writer_of(to, 1);
	write_u16(&w, 1);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	w = writer_of(to, 3);
	write_u32(&w, 1);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	w = writer_of(to, 7);
	write_u64(&w, 1);
	assert_int_equal(writer_done(&w), DHT_ESPACE);
	w = writer_of(to, 8);
	write_u64(&w, UINT64_MAX);
	assert_int_equal(writer_done(&w), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_order),
		cmocka_unit_test(the_end_is_not_an_error),
		cmocka_unit_test(a_field_cut_short_reads_as_zeros),
		cmocka_unit_test(a_failed_reader_stays_failed),
		cmocka_unit_test(a_huge_length_does_not_wrap),
		cmocka_unit_test(fields_are_written_in_order),
		cmocka_unit_test(a_failed_writer_writes_no_more),
		cmocka_unit_test(every_number_needs_all_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
