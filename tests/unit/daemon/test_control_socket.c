/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/control_socket.h"
#include "daemon/log.h"

#include "own_folder.h"

#define NO_GID ((gid_t)-1)

static char reason[CONTROL_SOCKET_REASON];

static const char *own_group(void)
{
	static char text[24];

	snprintf(text, sizeof(text), "%u", (unsigned)getegid());
	return text;
}

static int open_at(struct control_socket *s, const char *path)
{
	return control_socket_open(s, path, NULL, false, false, reason);
}

static void expect_refused(const char *path, const char *why)
{
	struct control_socket s;

	assert_int_equal(open_at(&s, path), DHT_ESYSTEM);
	assert_int_equal(s.fd, -1);
	assert_null(s.path);
	if (!strstr(reason, why))
		fail_msg("'%s' does not say '%s'", reason, why);
	assert_null(strchr(reason, '\n'));
	control_socket_close(&s);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A bound socket, as another program makes it. */
static int bind_to(const char *path, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* ---- Making it ---- */

static void it_is_its_owners_only(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	assert_int_equal(open_at(&s, path), 0);
	assert_string_equal(reason, "");
	assert_int_equal(mode_of(path), 0600);
	assert_true(s.admin_gid == NO_GID);
	assert_true(fcntl(s.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(s.fd, F_GETFD) & FD_CLOEXEC);
	int fd = connect_to(path);
	assert_true(fd >= 0);
	close(fd);
	control_socket_close(&s);
	assert_false(exists(path));
	assert_false(exists(folder_path(&folder, "control.lock")));
	assert_int_equal(s.fd, -1);
	control_socket_close(&s);
}

static void a_group_gets_it(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;
	struct stat st;

	(void)state;
	assert_int_equal(control_socket_open(&s, path, own_group(), true, false, reason), 0);
	assert_int_equal(mode_of(path), 0660);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_gid, getegid());
	assert_true(s.admin_gid == getegid());
	control_socket_close(&s);
}

static void check_bad_group(const char *group)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	assert_int_equal(control_socket_open(&s, path, group, true, false, reason), DHT_ESYSTEM);
	assert_non_null(strstr(reason, "control.admin_group"));
	assert_false(exists(path));
	assert_int_equal(control_socket_open(&s, path, group, false, false, reason), 0);
	assert_string_equal(reason, "");
	assert_int_equal(mode_of(path), 0600);
	assert_true(s.admin_gid == NO_GID);
	control_socket_close(&s);
}

static void a_group_that_cannot_be_is_nobody(void **state)
{
	(void)state;
	check_bad_group("no-such-group-here");
	check_bad_group("65534");
	check_bad_group("4294967295");
	check_bad_group("4294967296");
	check_bad_group("99999999999999999999");
	check_bad_group("-1");
	check_bad_group("1x");
}

static void no_group_is_no_fault(void **state)
{
	struct control_socket s;

	(void)state;
	assert_int_equal(
		control_socket_open(&s, folder_path(&folder, "control"), "", true, false, reason),
		0);
	assert_true(s.admin_gid == NO_GID);
	control_socket_close(&s);
}

static void a_path_has_a_length(void **state)
{
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	expect_refused(path, "108 bytes");
	expect_refused("", "0 bytes");
}

/* ---- The folder ---- */

static void a_folder_that_others_can_write_is_refused(void **state)
{
	const char *inner = folder_path(&folder, "inner");
	const char *path = folder_path(&folder, "inner/control");
	struct control_socket s;

	(void)state;
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_int_equal(chmod(inner, 0777), 0);
	expect_refused(path, "chmod go-w");
	assert_int_equal(chmod(inner, 0770), 0);
	expect_refused(path, "chmod go-w");
	assert_int_equal(chmod(inner, 01777), 0);
	assert_int_equal(open_at(&s, path), 0);
	control_socket_close(&s);
	if (geteuid() == 0) {
		assert_int_equal(chmod(inner, 0755), 0);
		assert_int_equal(chown(inner, 12345, 0), 0);
		expect_refused(path, "user 12345 owns");
	}
}

static void a_missing_folder_is_made_when_asked_for(void **state)
{
	const char *path = folder_path(&folder, "new/control");
	struct control_socket s;

	(void)state;
	expect_refused(path, "No such file");
	mode_t before = umask(0077);
	assert_int_equal(control_socket_open(&s, path, NULL, false, true, reason), 0);
	assert_int_equal(umask(before), 0077);
	assert_int_equal(mode_of(folder_path(&folder, "new")), 0755);
	control_socket_close(&s);
	/* One level only. */
	assert_int_equal(control_socket_open(&s, folder_path(&folder, "a/b/control"), NULL, false,
				 true, reason),
		DHT_ESYSTEM);
}

static void a_folder_has_to_be_one(void **state)
{
	(void)state;
	folder_write(&folder, "file", "", 0600);
	expect_refused(folder_path(&folder, "file/control"), "is no folder");
}

/* ---- What is there already ---- */

static void a_second_one_is_refused(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	assert_int_equal(open_at(&s, path), 0);
	expect_refused(path, "another dhtd serves");
	int fd = connect_to(path);
	assert_true(fd >= 0);
	close(fd);
	/* Even when its socket was removed behind its back. */
	assert_int_equal(unlink(path), 0);
	expect_refused(path, "another dhtd serves");
	control_socket_close(&s);
	assert_int_equal(open_at(&s, path), 0);
	control_socket_close(&s);
}

static void a_dead_ones_leftovers_are_replaced(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	close(bind_to(path, SOCK_STREAM));
	folder_write(&folder, "control.lock", "", 0600);
	assert_int_equal(open_at(&s, path), 0);
	int fd = connect_to(path);
	assert_true(fd >= 0);
	close(fd);
	control_socket_close(&s);
	assert_false(exists(path));
}

static void a_living_socket_is_never_removed(void **state)
{
	const char *path = folder_path(&folder, "control");

	(void)state;
	int fd = bind_to(path, SOCK_STREAM);
	assert_int_equal(listen(fd, 0), 0);
	expect_refused(path, "another process listens");
	/* One more fits into its backlog at most. */
	expect_refused(path, "another process listens");
	expect_refused(path, "another process listens");
	assert_true(exists(path));
	assert_false(exists(folder_path(&folder, "control.lock")));
	close(fd);
}

static void another_kind_of_socket_stays(void **state)
{
	const char *path = folder_path(&folder, "control");

	(void)state;
	int fd = bind_to(path, SOCK_DGRAM);
	expect_refused(path, "cannot tell");
	assert_true(exists(path));
	close(fd);
}

static void nothing_but_a_socket_is_removed(void **state)
{
	const char *path = folder_path(&folder, "control");

	(void)state;
	folder_write(&folder, "control", "mine", 0600);
	expect_refused(path, "is no socket");
	assert_true(exists(path));
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused(path, "is no socket");
	assert_int_equal(remove(path), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	expect_refused(path, "is no socket");
	assert_true(exists(path));
}

static void the_lock_is_a_file_of_ours(void **state)
{
	const char *path = folder_path(&folder, "control");
	const char *lock = folder_path(&folder, "control.lock");

	(void)state;
	assert_int_equal(symlink("elsewhere", lock), 0);
	expect_refused(path, "cannot open");
	assert_false(exists(folder_path(&folder, "elsewhere")));
	assert_int_equal(remove(lock), 0);
	assert_int_equal(mkfifo(lock, 0600), 0);
	expect_refused(path, "not our lock file");
}

static void what_replaced_it_stays(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	assert_int_equal(open_at(&s, path), 0);
	assert_int_equal(rename(path, folder_path(&folder, "away")), 0);
	int other = bind_to(path, SOCK_STREAM);
	control_socket_close(&s);
	assert_true(exists(path));
	close(other);
}

static void a_given_one_is_not_removed(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	int fd = bind_to(path, SOCK_STREAM);
	assert_int_equal(listen(fd, 1), 0);
	control_socket_adopt(&s, fd, own_group());
	assert_int_equal(s.fd, fd);
	assert_true(s.admin_gid == getegid());
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	control_socket_close(&s);
	assert_true(exists(path));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* ---- Who is there ---- */

static struct control_peer accept_peer(const struct control_socket *s)
{
	struct control_peer peer;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(control_peer_of(s, fd, &peer), 0);
	close(fd);
	return peer;
}

static void ourselves_may_change_things(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	assert_int_equal(open_at(&s, path), 0);
	int fd = connect_to(path);
	struct control_peer peer = accept_peer(&s);
	assert_true(peer.uid == geteuid());
	assert_true(peer.gid == getegid());
	assert_true(peer.pid == getpid());
	assert_true(peer.may_change);
	close(fd);
	control_socket_close(&s);
}

/* A user with `count` groups, the last of which is `last`, connects and ends. */
static void connect_as(const char *path, uid_t uid, gid_t gid, size_t count, gid_t last)
{
	static gid_t groups[3000];
	int status;

	for (size_t i = 0; i < count; i++)
		groups[i] = i + 1 == count ? last : 100000 + (gid_t)i;
	pid_t child = fork();
	if (child == 0) {
		bool became = setgroups(count, groups) == 0 && setresgid(gid, gid, gid) == 0 &&
		              setresuid(uid, uid, uid) == 0;
		_exit(became && connect_to(path) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void check_peer(
	struct control_socket *s, uid_t uid, gid_t gid, size_t count, gid_t last, bool may_change)
{
	connect_as(s->path, uid, gid, count, last);
	struct control_peer peer = accept_peer(s);
	assert_true(peer.uid == uid);
	assert_true(peer.gid == gid);
	assert_true(peer.may_change == may_change);
}

static void only_root_and_the_group_may_besides(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(folder.path, 0711), 0);
	assert_int_equal(control_socket_open(&s, path, "4242", true, false, reason), 0);
	assert_int_equal(chmod(path, 0666), 0);
	check_peer(&s, 0, 7, 0, 0, true);
	check_peer(&s, 12345, 7, 0, 0, false);
	check_peer(&s, 12345, 4242, 0, 0, true);
	check_peer(&s, 12345, 7, 1, 4242, true);
	check_peer(&s, 12345, 7, 1, 4243, false);
	/* More groups than the first buffer takes. */
	check_peer(&s, 12345, 7, 3000, 4242, true);
	check_peer(&s, 12345, 7, 3000, 4243, false);
	control_socket_close(&s);
}

static void nobody_is_never_taken_for_somebody(void **state)
{
	const char *path = folder_path(&folder, "control");
	static const gid_t nobodys[] = {65534, NO_GID};
	struct control_socket s;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(folder.path, 0711), 0);
	assert_int_equal(open_at(&s, path), 0);
	assert_int_equal(chmod(path, 0666), 0);
	for (size_t i = 0; i < COUNT(nobodys); i++) {
		s.admin_gid = nobodys[i];
		check_peer(&s, 65534, 65534, 1, 65534, false);
		check_peer(&s, 12345, 65534, 0, 0, false);
	}
	control_socket_close(&s);
}

/* In a user namespace whoever is not mapped shows as nobody: so a daemon that is nobody itself must
 * not take them for itself. */
static void a_daemon_that_is_nobody_trusts_no_nobody(void **state)
{
	const char *path = folder_path(&folder, "control");
	struct control_socket s;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(folder.path, 0711), 0);
	assert_int_equal(open_at(&s, path), 0);
	assert_int_equal(chmod(path, 0666), 0);
	connect_as(path, 65534, 65534, 0, 0);
	assert_int_equal(seteuid(65534), 0);
	struct control_peer peer = accept_peer(&s);
	assert_int_equal(seteuid(0), 0);
	assert_false(peer.may_change);
	control_socket_close(&s);
}

static void who_is_no_socket_has_no_peer(void **state)
{
	struct control_socket s = {.fd = -1, .lock_fd = -1, .admin_gid = NO_GID};
	struct control_peer peer;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(control_peer_of(&s, fds[0], &peer), DHT_ESYSTEM);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_its_owners_only),
		TEST(a_group_gets_it),
		TEST(a_group_that_cannot_be_is_nobody),
		TEST(no_group_is_no_fault),
		TEST(a_path_has_a_length),
		TEST(a_folder_that_others_can_write_is_refused),
		TEST(a_missing_folder_is_made_when_asked_for),
		TEST(a_folder_has_to_be_one),
		TEST(a_second_one_is_refused),
		TEST(a_dead_ones_leftovers_are_replaced),
		TEST(a_living_socket_is_never_removed),
		TEST(another_kind_of_socket_stays),
		TEST(nothing_but_a_socket_is_removed),
		TEST(the_lock_is_a_file_of_ours),
		TEST(what_replaced_it_stays),
		TEST(a_given_one_is_not_removed),
		TEST(ourselves_may_change_things),
		TEST(only_root_and_the_group_may_besides),
		TEST(nobody_is_never_taken_for_somebody),
		TEST(a_daemon_that_is_nobody_trusts_no_nobody),
		TEST(who_is_no_socket_has_no_peer),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
