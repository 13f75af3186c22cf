/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "base/secretfile.h"

/* The bytes up to the end of the line, which must come within size. false on an error, with
 * errno; EMSGSIZE when the line is longer. *ended: there is nothing behind it. */
static bool read_part(int fd, char *out, size_t size, bool *ended)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, out + n, 1);

		if (got < 0)
			return false;
		*ended = got == 0;
		if (got == 0 || out[n] == '\n')
			break;
		if (++n == size) {
			errno = EMSGSIZE;
			return false;
		}
	}
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	return true;
}

static bool read_line(int fd, char *out, size_t size)
{
	bool ended;

	return read_part(fd, out, size, &ended);
}

/* Of the lines of a file with comments, the first with something else; "" when there is none. */
static bool read_entry(int fd, char *out, size_t size)
{
	bool ended = false;
	const char *text;

	do {
		if (!read_part(fd, out, size, &ended))
			return false;
		text = out + strspn(out, " \t");
	} while (!ended && (*text == '\0' || *text == '#'));
	if (*text == '\0' || *text == '#')
		out[0] = '\0';
	return true;
}

/* How a secret stands in what is read, and what is said where there is none. */
struct form {
	bool (*read)(int fd, char *out, size_t size);
	const char *missing, *hint;
};

static const struct form first_line = {
	read_line, "starts with an empty line", "its first line is the secret"};
static const struct form first_entry = {
	read_entry, "is empty, or has nothing but comments", "one of its lines is the secret"};

static int file_read(
	int fd, const char *path, const struct form *form, char *out, size_t size, struct fault *f)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_set(f, EXIT_FAILED, "system", NULL, "%s: %s", path, strerror(errno));
	if (!secretfile_mode_ok(st.st_mode)) {
		fault_set(f, EXIT_NOT_PERMITTED, "exposedSecret", NULL,
			"others can read or write %s", path);
		if (S_ISREG(st.st_mode))
			fault_hint(f, "chmod o-rw,g-w %s", path);
		else
			fault_hint(f, "give a file that only you can read");
		return f->status;
	}
	if (!form->read(fd, out, size))
		return fault_set(f, EXIT_FAILED, "system", NULL, "%s cannot be read: %s", path,
			strerror(errno));
	if (!out[0])
		return fault_set(
			f, EXIT_FAILED, "emptySecret", form->hint, "%s %s", path, form->missing);
	return 0;
}

static int file_secret(
	const char *path, const struct form *form, char *out, size_t size, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int status;

	if (fd < 0)
		return fault_set(f, EXIT_FAILED, "system", NULL, "%s cannot be read: %s", path,
			strerror(errno));
	status = file_read(fd, path, form, out, size, f);
	close(fd);
	return status;
}

int secret_file(const char *path, char *out, size_t size, struct fault *f)
{
	return file_secret(path, &first_line, out, size, f);
}

int secret_entry(const char *path, char *out, size_t size, struct fault *f)
{
	if (path)
		return file_secret(path, &first_entry, out, size, f);
	if (!read_entry(STDIN_FILENO, out, size))
		return fault_set(
			f, EXIT_FAILED, "system", NULL, "standard input: %s", strerror(errno));
	if (!out[0])
		return fault_set(f, EXIT_FAILED, "emptySecret", first_entry.hint,
			"standard input %s", first_entry.missing);
	return 0;
}

int secret_input(char *out, size_t size, struct fault *f)
{
	if (!read_line(STDIN_FILENO, out, size))
		return fault_set(
			f, EXIT_FAILED, "system", NULL, "standard input: %s", strerror(errno));
	if (!out[0])
		return fault_set(f, EXIT_FAILED, "emptySecret", "its first line is the secret",
			"there is no password on standard input");
	return 0;
}

/* ---- The terminal ---- */

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

#define WATCHED_COUNT (sizeof(watched) / sizeof(watched[0]))

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

/* A signal interrupts read() instead of ending the program with the echo off. */
static void signals_hold(struct sigaction old[static WATCHED_COUNT])
{
	struct sigaction action = {.sa_handler = note_signal};

	caught = 0;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < WATCHED_COUNT; i++)
		sigaction(watched[i], &action, &old[i]);
}

static void signals_release(const struct sigaction old[static WATCHED_COUNT])
{
	for (size_t i = 0; i < WATCHED_COUNT; i++)
		sigaction(watched[i], &old[i], NULL);
	if (caught)
		raise(caught);
}

/* false with errno. */
static bool ask_silently(int fd, const char *prompt, char *out, size_t size)
{
	struct sigaction old[WATCHED_COUNT];
	struct termios shown, silent;
	bool ok;

	if (tcgetattr(fd, &shown) < 0)
		return false;
	silent = shown;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	signals_hold(old);
	ok = tcsetattr(fd, TCSAFLUSH, &silent) == 0 && write(fd, prompt, strlen(prompt)) >= 0 &&
	     read_line(fd, out, size);
	if (write(fd, "\n", 1) < 0)
		ok = false;
	tcsetattr(fd, TCSAFLUSH, &shown);
	signals_release(old);
	return ok;
}

/* -1 without a terminal, and in the background, where asking would stop the program. */
static int open_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
		close(fd);
		return -1;
	}
	return fd;
}

int secret_ask(const char *prompt, char *out, size_t size, struct fault *f)
{
	int fd = open_terminal();
	bool ok;

	if (fd < 0)
		return fault_set(f, EXIT_USAGE, "noTerminal", "use --password-file FILE",
			"there is no terminal to ask for the password on");
	ok = ask_silently(fd, prompt, out, size);
	close(fd);
	if (!ok)
		return fault_set(f, EXIT_FAILED, "system", NULL, "no password was read: %s",
			strerror(errno));
	return 0;
}
