/* SPDX-License-Identifier: BSD-2-Clause */
/* dhtsim: runs simulations (sim.h) and says what came of them. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

#include "run.h"

#define EXIT_USAGE 2

struct arguments {
	struct plan_options options;
	uint64_t first, last;
	unsigned jobs;
	bool many, trace, shrink, stop, help;
	const char *replay;
};

/* What many runs came to. */
struct summary {
	uint64_t runs, failed, sim_us, spent_us;
	uint64_t traces; /* their sum, for comparing with what another build makes of the seeds */
	uint64_t tally[TALLY_COUNT];
	bool shrink, stop;
};

static const char *const tally_texts[TALLY_COUNT] = {
#define X(id, text) [TALLY_##id] = text,
	SIM_TALLIES(X)
#undef X
};

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: dhtsim --seed N [--trace [--spy HASH,PROVIDER]]\n"
		    "       dhtsim --seeds FIRST..LAST [-j JOBS] [--shrink] [--stop-at-first]\n"
		    "       dhtsim --replay FILE\n"
		    "options: --without CLASS,…  --servers N  --until SECONDS"
#ifdef DHT_MUTANTS
		    "  --mutant N"
#endif
		    "\nclasses of faults:\n");
	for (uint32_t f = 0; f < FAULT_COUNT; f++)
		fprintf(to, "  %-8s %s\n", plan_fault_name((enum plan_fault)f),
			plan_fault_help((enum plan_fault)f));
	return status;
}

/* What repeats a run. */
static void print_command(const struct plan_options *o)
{
	const char *comma = " --without ";

	printf("--seed %" PRIu64, o->seed);
	for (uint32_t f = 0; f < FAULT_COUNT; f++) {
		if (!(o->without >> f & 1))
			continue;
		printf("%s%s", comma, plan_fault_name((enum plan_fault)f));
		comma = ",";
	}
	if (o->servers)
		printf(" --servers %" PRIu32, o->servers);
	if (o->until_us)
		printf(" --until %.6f", (double)o->until_us / 1e6);
	printf("\n");
}

static void print_outcome(const struct outcome *out)
{
	const struct sim_failure *f = &out->failure;

	if (f->failed)
		printf("seed %" PRIu64 ": %s: %s, at %.3f s\n", out->options.seed, f->check,
			f->text, (double)f->at_us / 1e6);
}

static void print_tally(const uint64_t tally[static TALLY_COUNT])
{
	for (uint32_t i = 0; i < TALLY_COUNT; i++)
		printf("%s%" PRIu64 " %s", i ? ", " : "", tally[i], tally_texts[i]);
	printf("\n");
}

static int run_one(const struct arguments *a)
{
	struct outcome out;

	run_here(&a->options, a->trace, &out);
	print_outcome(&out);
	print_tally(out.tally);
	printf("trace %016" PRIx64 ", %.1f s in %.2f s, %.0f times as fast\n", out.trace,
		(double)out.sim_us / 1e6, (double)out.spent_us / 1e6,
		(double)out.sim_us / (double)(out.spent_us + 1));
	return out.failure.failed;
}

static bool add(void *to, const struct outcome *out)
{
	struct summary *sum = to;
	struct outcome small = *out;

	sum->runs++;
	sum->sim_us += out->sim_us;
	sum->spent_us += out->spent_us;
	sum->traces += out->trace;
	for (uint32_t i = 0; i < TALLY_COUNT; i++)
		sum->tally[i] += out->tally[i];
	if (!out->failure.failed)
		return true;
	sum->failed++;
	print_outcome(out);
	if (sum->shrink) {
		run_shrink(&small);
		print_outcome(&small);
	}
	printf("  dhtsim ");
	print_command(&small.options);
	fflush(stdout);
	return !sum->stop;
}

static int report(const struct summary *sum)
{
	print_tally(sum->tally);
	printf("traces %016" PRIx64 "\n", sum->traces);
	printf("%" PRIu64 " seeds, %" PRIu64 " failed, %.2f h simulated in %.1f s of a processor, "
	       "%.0f times as fast\n",
		sum->runs, sum->failed, (double)sum->sim_us / 3.6e9, (double)sum->spent_us / 1e6,
		(double)sum->sim_us / (double)(sum->spent_us + 1));
	return sum->failed != 0;
}

static bool parse_range(const char *text, struct arguments *a)
{
	char *end;

	a->first = strtoull(text, &end, 0);
	a->last = a->first;
	if (strncmp(end, "..", 2) == 0)
		a->last = strtoull(end + 2, &end, 0);
	a->many = true;
	return *end == '\0' && a->last >= a->first;
}

static bool parse_seconds(const char *text, uint64_t *us)
{
	char *end;
	double seconds = strtod(text, &end);

	*us = (uint64_t)(seconds * 1e6 + 0.5);
	return *end == '\0' && seconds > 0;
}

static bool take(int option, const char *value, struct arguments *a)
{
	char *end = NULL;

	switch (option) {
	case 's': a->options.seed = strtoull(value, &end, 0); return *end == '\0';
	case 'r': return parse_range(value, a);
	case 'w': return plan_faults_parse(value, &a->options.without);
	case 'n':
		a->options.servers = (uint32_t)strtoul(value, &end, 0);
		return *end == '\0' && a->options.servers <= PLAN_SERVERS_MAX / 2;
	case 'u': return parse_seconds(value, &a->options.until_us);
	case 'j': a->jobs = (unsigned)strtoul(value, &end, 0); return *end == '\0' && a->jobs >= 1;
	case 't': a->trace = true; return true;
	case 'k': a->shrink = true; return true;
	case 'p':
		a->options.spies = true;
		return sscanf(value, "%" SCNu32 ",%" SCNu32, &a->options.hash,
			       &a->options.provider) == 2;
	case 'o': a->stop = true; return true;
	case 'f': a->replay = value; return true;
	case 'h': a->help = true; return true;
#ifdef DHT_MUTANTS
	case 'm': dht_mutant = (unsigned)strtoul(value, &end, 0); return *end == '\0';
#endif
	default: return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"seeds", required_argument, NULL, 'r'},
		{"without", required_argument, NULL, 'w'},
		{"servers", required_argument, NULL, 'n'},
		{"until", required_argument, NULL, 'u'},
		{"jobs", required_argument, NULL, 'j'},
		{"trace", no_argument, NULL, 't'},
		{"shrink", no_argument, NULL, 'k'},
		{"spy", required_argument, NULL, 'p'},
		{"stop-at-first", no_argument, NULL, 'o'},
		{"replay", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
#ifdef DHT_MUTANTS
		{"mutant", required_argument, NULL, 'm'},
#endif
		{0},
	};
	int option;

	*a = (struct arguments){.jobs = 1};
	optind = 0;
	while ((option = getopt_long(argc, argv, "j:", options, NULL)) != -1)
		if (!take(option, optarg, a))
			return false;
	return optind == argc;
}

/* Splits a line of a file of seeds into words; gives their number, with the program's name. */
static int words_of(char *line, char *words[], int max)
{
	int n = 0;

	words[n++] = (char *)"dhtsim";
	line[strcspn(line, "#\n")] = '\0';
	for (char *word = strtok(line, " \t"); word && n < max - 1; word = strtok(NULL, " \t"))
		words[n++] = word;
	words[n] = NULL;
	return n;
}

static int replay(const char *path)
{
	struct summary sum = {0};
	FILE *f = fopen(path, "r");
	char line[512], *words[32];

	if (!f) {
		perror(path);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), f)) {
		struct arguments a;
		struct outcome out;
		int n = words_of(line, words, 32);
		if (n == 1)
			continue;
		if (!parse(n, words, &a)) {
			fclose(f);
			return usage(stderr, EXIT_USAGE);
		}
		run_apart(&a.options, &out);
		add(&sum, &out);
	}
	fclose(f);
	return report(&sum);
}

int main(int argc, char **argv)
{
	struct arguments a;

	if (!parse(argc, argv, &a))
		return usage(stderr, EXIT_USAGE);
	if (a.help)
		return usage(stdout, EXIT_SUCCESS);
	if (a.replay)
		return replay(a.replay);
	if (!a.many)
		return run_one(&a);
	struct summary sum = {.shrink = a.shrink, .stop = a.stop};
	run_many(&a.options, a.first, a.last, a.jobs, add, &sum);
	return report(&sum);
}
