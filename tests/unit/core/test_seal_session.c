/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/seal.h"

#include "base/rng.h"

#include "../test_seed.h"
#include "seal_rig.h"

struct pair {
	struct side a, b;
};

static struct pair pair_of(const char *keys)
{
	struct pair p;

	side_init(&p.a, 1, keys);
	side_init(&p.b, 2, keys);
	return p;
}

static void pair_end(struct pair *p)
{
	side_fini(&p->a);
	side_fini(&p->b);
}

static bool knows(struct side *x, const struct side *y)
{
	uint64_t start;

	return seal_session(x->seal, &y->id, &start) && start == seal_start(y->seal);
}

/* Delivers a proof from a socket. */
static bool proven_from(
	struct side *to, struct side *x, const struct addr *from, const struct peer_proof *proof)
{
	struct posted p = side_send(x);
	struct letter l;

	p.from = *from;
	assert_int_equal(side_open(to, &p, &l), SEAL_OPENED);
	assert_false(l.known);
	bool proven = seal_proven(to->seal, &to->now, &l, proof);
	assert_int_equal(l.known, proven);
	return proven;
}

static void nobody_is_known_without_a_proof(void **state)
{
	struct pair p = pair_of("k");
	struct letter l;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct posted x = side_send(&p.a);
		assert_int_equal(side_open(&p.b, &x, &l), SEAL_OPENED);
		assert_false(l.known);
		/* Nor is anything remembered of it. */
		assert_int_equal(side_open(&p.b, &x, &l), SEAL_OPENED);
		seal_clock_sample(p.b.seal, &p.b.now, &l, p.b.now.mono_us);
	}
	assert_false(knows(&p.b, &p.a));
	side_meet(&p.a, &p.b);
	assert_true(knows(&p.b, &p.a) && knows(&p.a, &p.b));
	struct posted x = side_send(&p.a), y = side_send(&p.b);
	assert_true(side_takes(&p.b, &x) && side_takes(&p.a, &y));
	pair_end(&p);
}

static void a_proof_in_time(void **state)
{
	static const uint64_t limit = SEAL_PROOF_MS * UINT64_C(1000);
	struct pair p = pair_of("k");

	(void)state;
	struct peer_proof proof = side_challenge(&p.b, &p.a);
	sides_wait(&p.a, &p.b, limit + 1);
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
	assert_false(knows(&p.b, &p.a));
	proof = side_challenge(&p.b, &p.a);
	p.b.now.mono_us--;
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
	p.b.now.mono_us += 1 + limit;
	assert_true(proven_from(&p.b, &p.a, &p.a.id, &proof));
	pair_end(&p);
}

static void a_proof_from_elsewhere(void **state)
{
	struct pair p = pair_of("k");
	struct addr port = {p.a.id.ip, 9999}, ip = p.a.id;

	(void)state;
	ip.ip.b[15] = 77;
	struct peer_proof proof = side_challenge(&p.b, &p.a), moved = proof;
	assert_false(proven_from(&p.b, &p.a, &port, &proof));
	assert_false(proven_from(&p.b, &p.a, &ip, &proof));
	moved.id = ip;
	assert_false(proven_from(&p.b, &p.a, &ip, &moved));
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &moved));
	moved.id = (struct addr){p.a.id.ip, 0};
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &moved));
	assert_true(proven_from(&p.b, &p.a, &p.a.id, &proof));
	pair_end(&p);
}

/* From a socket whose port is not that of its id: the keep-alive plane's. */
static void a_proof_of_another_port_than_its_socket(void **state)
{
	struct pair p = pair_of("k");
	struct posted x = side_send(&p.a);
	struct peer_prove prove;
	struct letter l;

	(void)state;
	x.from.port = 8472;
	assert_int_equal(side_open(&p.b, &x, &l), SEAL_OPENED);
	seal_prove(p.b.seal, &p.b.now, &l, &prove);
	struct peer_proof proof = seal_proof_of(p.a.seal, &prove);
	assert_true(proven_from(&p.b, &p.a, &l.from, &proof));
	x = side_send(&p.a);
	assert_int_equal(side_open(&p.b, &x, &l), SEAL_OPENED);
	assert_true(l.known && addr_equal(&l.id, &p.a.id));
	pair_end(&p);
}

static void a_proof_of_another_start_or_server(void **state)
{
	struct pair p = pair_of("k");
	struct side c;

	(void)state;
	side_init(&c, 3, "k");
	struct peer_proof proof = side_challenge(&p.b, &p.a);
	struct peer_proof others = side_challenge(&c, &p.a);
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &others));
	assert_false(proven_from(&p.b, &c, &p.a.id, &proof));
	side_restart(&p.a);
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
	/* A challenge of the receiver's last start is none. */
	proof = side_challenge(&p.b, &p.a);
	side_restart(&p.b);
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
	proof = side_challenge(&p.b, &p.a);
	for (size_t bit = 0; bit < 8 * sizeof(proof.cookie); bit++) {
		proof.cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
		proof.cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* Nor can it say that it is the receiver. */
	proof.id = p.b.id;
	assert_false(proven_from(&p.b, &p.a, &p.a.id, &proof));
	proof.id = p.a.id;
	assert_true(proven_from(&p.b, &p.a, &p.a.id, &proof));
	side_fini(&c);
	pair_end(&p);
}

/* Two servers of one machine, one of which says that it is the other's port, or the receiver's. */
static void servers_of_one_address(void **state)
{
	struct side a, b;

	(void)state;
	side_init(&a, 1, "k");
	side_init(&b, 1, "k");
	side_fini(&b);
	b.id.port = 9471;
	b.restarts = 7;
	b.seal = NULL;
	side_restart(&b);
	struct peer_proof proof = side_challenge(&b, &a);
	proof.id = b.id;
	assert_false(proven_from(&b, &a, &a.id, &proof));
	proof.id = a.id;
	assert_true(proven_from(&b, &a, &a.id, &proof));
	assert_true(knows(&b, &a));
	side_fini(&a);
	side_fini(&b);
}

static void a_proof_twice(void **state)
{
	struct pair p = pair_of("k");
	struct letter first, again, copy;

	(void)state;
	struct peer_proof proof = side_challenge(&p.b, &p.a);
	struct posted x = side_send(&p.a);
	/* Both were opened before one of them proved anything. */
	assert_int_equal(side_open(&p.b, &x, &first), SEAL_OPENED);
	assert_int_equal(side_open(&p.b, &x, &copy), SEAL_OPENED);
	struct posted y = side_send(&p.a);
	assert_int_equal(side_open(&p.b, &y, &again), SEAL_OPENED);
	assert_true(seal_proven(p.b.seal, &p.b.now, &first, &proof));
	assert_false(seal_proven(p.b.seal, &p.b.now, &copy, &proof));
	assert_false(copy.known);
	assert_true(seal_proven(p.b.seal, &p.b.now, &again, &proof));
	assert_true(again.known && addr_equal(&again.id, &p.a.id));
	assert_true(seal_proven(p.b.seal, &p.b.now, &again, &proof));
	/* The proof's own envelope does not count again. */
	assert_int_equal(side_open(&p.b, &x, &first), SEAL_REPLAYED);
	assert_int_equal(side_open(&p.b, &y, &first), SEAL_REPLAYED);
	/* One that comes when the start is known already: true whatever it says. */
	x = side_send(&p.a);
	assert_int_equal(side_open(&p.b, &x, &first), SEAL_OPENED);
	memset(proof.cookie, 0, sizeof(proof.cookie));
	assert_true(first.known && seal_proven(p.b.seal, &p.b.now, &first, &proof));
	assert_true(knows(&p.b, &p.a));
	pair_end(&p);
}

static void a_new_start_ends_the_old(void **state)
{
	struct pair p = pair_of("k");
	struct letter l;

	(void)state;
	side_meet(&p.a, &p.b);
	struct posted old = side_send(&p.a);
	sides_wait(&p.a, &p.b, SECOND_US);
	side_restart(&p.a);
	uint64_t start;
	assert_true(seal_session(p.b.seal, &p.a.id, &start) && start != seal_start(p.a.seal));
	assert_true(side_prove(&p.a, &p.b));
	assert_true(knows(&p.b, &p.a));
	assert_int_equal(side_open(&p.b, &old, &l), SEAL_OPENED);
	assert_false(l.known);
	pair_end(&p);
}

/* The older start's proof was under way for long: it must not put the new one out. */
static void an_old_starts_proof_comes_late(void **state)
{
	struct pair p = pair_of("k");
	struct letter l;

	(void)state;
	struct peer_proof proof = side_challenge(&p.b, &p.a);
	struct posted late = side_send(&p.a);
	sides_wait(&p.a, &p.b, SECOND_US);
	side_restart(&p.a);
	assert_true(side_prove(&p.a, &p.b));
	assert_int_equal(side_open(&p.b, &late, &l), SEAL_OPENED);
	assert_false(seal_proven(p.b.seal, &p.b.now, &l, &proof));
	assert_true(knows(&p.b, &p.a));
	pair_end(&p);
}

static void another_address_than_its_own(void **state)
{
	struct pair p = pair_of("k");
	struct letter l;

	(void)state;
	side_meet(&p.a, &p.b);
	struct posted x = side_send(&p.a);
	x.from.ip.b[15] = 77;
	assert_int_equal(side_open(&p.b, &x, &l), SEAL_WRONG_ADDRESS);
	x.from = (struct addr){p.a.id.ip, 1};
	assert_true(side_takes(&p.b, &x));
	pair_end(&p);
}

static void forgetting(void **state)
{
	struct pair p = pair_of("k");
	struct letter l;

	(void)state;
	side_meet(&p.a, &p.b);
	seal_forget(p.b.seal, &p.b.id);
	assert_true(knows(&p.b, &p.a));
	seal_forget(p.b.seal, &p.a.id);
	assert_false(knows(&p.b, &p.a));
	struct posted x = side_send(&p.a);
	assert_int_equal(side_open(&p.b, &x, &l), SEAL_OPENED);
	assert_false(l.known);
	sides_wait(&p.a, &p.b, 1);
	assert_true(side_prove(&p.a, &p.b));
	assert_true(knows(&p.b, &p.a));
	pair_end(&p);
}

/* One of very many servers, whose envelope x writes: in clear a test can change its bytes. */
static struct posted crowd_send(struct side *x, uint32_t server, uint16_t stream)
{
	struct posted p = side_send(x);

	store_be32(p.from.ip.b + 12, 0x0b000000 + server);
	store_be32(p.bytes + MSG_HEADER_LEN + 4, server);
	store_be16(p.bytes + MSG_HEADER_LEN + SEAL_START_LEN, stream);
	return p;
}

static bool crowd_prove(struct side *x, struct side *b, uint32_t server)
{
	struct posted p = crowd_send(x, server, 1);
	struct peer_prove prove;
	struct peer_proof proof = {.id = p.from};
	struct letter l;

	assert_int_equal(side_open(b, &p, &l), SEAL_OPENED);
	assert_false(l.known);
	seal_prove(b->seal, &b->now, &l, &prove);
	memcpy(proof.cookie, prove.cookie, sizeof(proof.cookie));
	return seal_proven(b->seal, &b->now, &l, &proof);
}

static void more_servers_than_there_is_room_for(void **state)
{
	enum { ALL = SEAL_SESSIONS + 3 };
	struct pair p = pair_of("");

	(void)state;
	for (uint32_t i = 0; i < ALL; i++) {
		sides_wait(&p.a, &p.b, 1000);
		assert_true(crowd_prove(&p.a, &p.b, i));
		if (i == SEAL_SESSIONS - 1) { /* the oldest is heard again */
			struct posted x = crowd_send(&p.a, 0, 1);
			sides_wait(&p.a, &p.b, 1000);
			assert_true(side_takes(&p.b, &x));
		}
	}
	for (uint32_t i = 0; i < ALL; i++) {
		struct posted x = crowd_send(&p.a, i, 1);
		uint64_t start;
		assert_int_equal(seal_session(p.b.seal, &x.from, &start), i == 0 || i >= 4);
		assert_int_equal(side_takes(&p.b, &x), i == 0 || i >= 4);
	}
	pair_end(&p);
}

static void more_windows_than_there_is_room_for(void **state)
{
	enum { FULL = SEAL_WINDOWS / SEAL_STREAMS };
	struct pair p = pair_of("");
	uint32_t left = SEAL_WINDOWS;
	struct posted x;
	struct letter l;

	(void)state;
	for (uint32_t i = 0; i <= FULL; i++) {
		sides_wait(&p.a, &p.b, 1000);
		assert_true(crowd_prove(&p.a, &p.b, i));
		left--;
		for (uint16_t stream = 0; stream < SEAL_STREAMS; stream++) {
			x = crowd_send(&p.a, i, stream);
			assert_int_equal(side_open(&p.b, &x, &l),
				stream == 1 || left > 0 ? SEAL_OPENED : SEAL_FULL);
			left -= stream != 1 && left > 0;
		}
	}
	assert_int_equal(left, 0);
	/* What is given back can be had. */
	assert_false(crowd_prove(&p.a, &p.b, FULL + 1));
	x = crowd_send(&p.a, 5, 0);
	assert_true(side_takes(&p.b, &x));
	seal_forget(p.b.seal, &x.from);
	sides_wait(&p.a, &p.b, 1000);
	assert_true(crowd_prove(&p.a, &p.b, FULL + 1));
	pair_end(&p);
}

/* Servers that start, prove themselves, are forgotten and speak in any order, against what has to
 * come of it. */
static void at_random(void **state)
{
	struct side all[12], b;
	bool known[COUNT(all)] = {false};
	struct rng rng;

	(void)state;
	rng_init(&rng, test_seed());
	side_init(&b, 200, "k");
	for (size_t i = 0; i < COUNT(all); i++)
		side_init(&all[i], (uint8_t)i, "k");
	for (int step = 0; step < 20000; step++) {
		uint32_t i = rng_below(&rng, COUNT(all));
		sides_wait(&all[i], &b, 1 + rng_below(&rng, 1000));
		struct posted x = side_send(&all[i]);
		switch (rng_below(&rng, 6)) {
		case 0:
			if (all[i].restarts == UINT8_MAX)
				break;
			side_restart(&all[i]);
			known[i] = false;
			break;
		case 1:
			seal_forget(b.seal, &all[i].id);
			known[i] = false;
			break;
		case 2:
			assert_true(known[i] || side_prove(&all[i], &b));
			known[i] = true;
			break;
		default:
			assert_int_equal(side_takes(&b, &x), known[i]);
			assert_false(side_takes(&b, &x));
		}
		assert_int_equal(knows(&b, &all[i]), known[i]);
	}
	for (size_t i = 0; i < COUNT(all); i++)
		side_fini(&all[i]);
	side_fini(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_known_without_a_proof),
		cmocka_unit_test(a_proof_in_time),
		cmocka_unit_test(a_proof_from_elsewhere),
		cmocka_unit_test(a_proof_of_another_port_than_its_socket),
		cmocka_unit_test(a_proof_of_another_start_or_server),
		cmocka_unit_test(servers_of_one_address),
		cmocka_unit_test(a_proof_twice),
		cmocka_unit_test(a_new_start_ends_the_old),
		cmocka_unit_test(an_old_starts_proof_comes_late),
		cmocka_unit_test(another_address_than_its_own),
		cmocka_unit_test(forgetting),
		cmocka_unit_test(more_servers_than_there_is_room_for),
		cmocka_unit_test(more_windows_than_there_is_room_for),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
