/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/cmdline.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "daemon/log.h"

const char cmdline_help[] =
	"usage: dhtd [-c FILE] [--check | --print-config] [--control SOCKET]\n"
	"            [--log-level LEVEL]\n"
	"\n"
	"The daemon of dht: answers who has which hash. Stays in the foreground.\n"
	"\n"
	"  -c, --config FILE    read FILE instead of " CMDLINE_DEFAULT_FILE "\n"
	"      --check          say all that is wrong with the configuration, and exit\n"
	"      --print-config   print what the configuration comes to, and exit\n"
	"      --control SOCKET what dhtctl talks to, over the file; \"\": none\n"
	"      --log-level L    error, warning, notice, info or debug, over the file\n"
	"      --version        print the version, and exit\n"
	"  -h, --help           print this, and exit\n"
	"\n"
	"SIGHUP reads the configuration again; 'dhtctl reload' does so too, and says\n"
	"what came of it. SIGTERM and SIGINT stop it cleanly, SIGUSR1 logs its\n"
	"counters.\n"
	"Exit status: 0 done, 1 failed, 2 usage, 78 bad configuration.\n"
	"See dhtd(8), dht.conf(5).\n";

enum {
	OPT_CHECK = 256,
	OPT_PRINT_CONFIG,
	OPT_CONTROL,
	OPT_LOG_LEVEL,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, OPT_CHECK},
	{"print-config", no_argument, NULL, OPT_PRINT_CONFIG},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* getopt_long's '?' and ':' in words; word is the argument that it stumbled over. */
static void explain(int c, const char *word, char *error)
{
	if (c == ':')
		snprintf(error, CMDLINE_ERROR_MAX, "%.80s needs an argument", word);
	else if (strchr(word, '=') && optopt != 0)
		snprintf(error, CMDLINE_ERROR_MAX, "%.80s takes no argument", word);
	else
		snprintf(error, CMDLINE_ERROR_MAX, "unknown option %.80s", word);
}

static int take(struct cmdline *o, int c, const char *word, char *error)
{
	switch (c) {
	case 'c': o->file = optarg; return 0;
	case 'h': o->action = CMDLINE_HELP; return 0;
	case OPT_CHECK: o->action = CMDLINE_CHECK; return 0;
	case OPT_PRINT_CONFIG: o->action = CMDLINE_PRINT_CONFIG; return 0;
	case OPT_CONTROL: o->control = optarg; return 0;
	case OPT_VERSION: o->action = CMDLINE_VERSION; return 0;
	case OPT_LOG_LEVEL:
		o->log_level = log_level_parse(optarg);
		if (o->log_level >= 0)
			return 0;
		snprintf(error, CMDLINE_ERROR_MAX,
			"--log-level: %.40s is not one of error, warning, notice, info, debug",
			optarg);
		return DHT_EINVAL;
	default: explain(c, word, error); return DHT_EINVAL;
	}
}

int cmdline_parse(struct cmdline *o, int argc, char **argv, char error[static CMDLINE_ERROR_MAX])
{
	*o = (struct cmdline){.log_level = -1};
	optind = 0; /* glibc: start anew, also when called again */
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int c = getopt_long(argc, argv, ":c:h", long_options, NULL);
		if (c == -1)
			break;
		int err = take(o, c, argv[at], error);
		if (err)
			return err;
		/* What only prints never fails for what stands behind it. */
		if (o->action == CMDLINE_HELP || o->action == CMDLINE_VERSION)
			return 0;
	}
	if (optind < argc) {
		snprintf(error, CMDLINE_ERROR_MAX, "unexpected argument %.80s", argv[optind]);
		return DHT_EINVAL;
	}
	return 0;
}
