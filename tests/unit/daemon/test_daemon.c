/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/exitcode.h"
#include "daemon/cmdline.h"
#include "daemon/daemon.h"

#include "own_folder.h"

/* How many files the next process may open, unless it is 0. */
static rlim_t limit_child;

/* Starts a daemon in a process of its own, whose output goes to the file "out". */
static pid_t start(const char *one, const char *two, const char *three)
{
	const char *words[] = {"dhtd", one, two, three};
	char *argv[COUNT(words) + 1] = {NULL};
	int argc = 0;

	for (; argc < (int)COUNT(words) && words[argc]; argc++)
		argv[argc] = strdup(words[argc]);
	const char *out = folder_path(&folder, "out");
	fflush(stdout);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (limit_child)
			setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit_child, limit_child});
		int result = daemon_main(argc, argv);
		fflush(stdout);
		_exit(result);
	}
	while (argc > 0)
		free(argv[--argc]);
	return pid;
}

static int end_of(pid_t pid)
{
	int how;

	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static void read_output(char *to, size_t size)
{
	FILE *in = fopen(folder_path(&folder, "out"), "r");
	size_t len = in ? fread(to, 1, size - 1, in) : 0;

	to[len] = '\0';
	if (in)
		fclose(in);
}

static void wait_for(const char *text)
{
	char output[16384];

	for (int i = 0; i < 1000; i++) {
		read_output(output, sizeof(output));
		if (strstr(output, text))
			return;
		usleep(10000);
	}
	fail_msg("no \"%s\" in: %s", text, output);
}

static void exit_statuses(void **state)
{
	static const struct {
		const char *words[3];
		int status;
		const char *output;
	} cases[] = {
		{{"--version"}, EXIT_DONE, "dhtd " PACKAGE_VERSION "\n"},
		{{"--help"}, EXIT_DONE, "usage: dhtd "},
		{{"--nonsense"}, EXIT_USAGE, "dhtd: unknown option --nonsense (dhtd --help "},
		{{"--check", "-c", "/dev/null"}, EXIT_DONE, ""},
		{{"--print-config", "-c", "/dev/null"}, EXIT_DONE, "# Where requests come in.\n"},
		{{"--check", "-c", "/nowhere/x"}, EXIT_BAD_CONFIG,
			"/nowhere/x: cannot open: No such file or directory\n"},
		{{"-c", "/nowhere/x"}, EXIT_BAD_CONFIG,
			"/nowhere/x: cannot open: No such file or directory\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char output[16384];
		const char *const *w = cases[i].words;
		assert_int_equal(end_of(start(w[0], w[1], w[2])), cases[i].status);
		read_output(output, sizeof(output));
		assert_int_equal(strncmp(output, cases[i].output, strlen(cases[i].output)), 0);
		if (cases[i].output[0] == '\0')
			assert_string_equal(output, "");
	}
}

static void it_runs_until_it_is_stopped(void **state)
{
	char conf[600];

	(void)state;
	snprintf(conf, sizeof(conf), "%s",
		folder_write(&folder, "dht.conf",
			"listen: { address = \"127.0.0.33\"; workers = 2; ports: { client = 18470; "
			"}; };",
			0600));
	pid_t pid = start("-c", conf, NULL);
	wait_for("dhtd: ready on 127.0.0.33:18470 (2 workers)\n");
	kill(pid, SIGUSR1);
	wait_for("dhtd: stats {\"requests\":{\"get\":0,");
	kill(pid, SIGTERM);
	assert_int_equal(end_of(pid), EXIT_DONE);
	wait_for("dhtd: stopping for SIGTERM\ndhtd: stats {");
}

static void an_address_that_is_not_here_is_a_fault(void **state)
{
	char conf[600], want[800], output[1000];

	(void)state;
	snprintf(conf, sizeof(conf), "%s",
		folder_write(&folder, "dht.conf", "\nlisten: { address = \"192.0.2.1\"; };", 0600));
	assert_int_equal(end_of(start("-c", conf, NULL)), EXIT_BAD_CONFIG);
	read_output(output, sizeof(output));
	snprintf(want, sizeof(want),
		"%s:2: listen.address: cannot bind 192.0.2.1:8470: Cannot assign requested address "
		"(ip address shows this machine's)\n",
		conf);
	assert_string_equal(output, want);
}

static void too_few_files_are_no_fault_of_the_configuration(void **state)
{
	char conf[600], output[1000];

	(void)state;
	snprintf(conf, sizeof(conf), "%s",
		folder_write(&folder, "dht.conf",
			"listen: { address = \"127.0.0.33\"; workers = 200; ports: { client = "
			"18470; }; };",
			0600));
	limit_child = 16;
	pid_t pid = start("-c", conf, NULL);
	limit_child = 0;
	assert_int_equal(end_of(pid), EXIT_FAILED);
	read_output(output, sizeof(output));
	assert_string_equal(output, "dhtd: cannot open 200 sockets: Too many open files\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exit_statuses),
		TEST(it_runs_until_it_is_stopped),
		TEST(an_address_that_is_not_here_is_a_fault),
		TEST(too_few_files_are_no_fault_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
