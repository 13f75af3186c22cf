/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_syntax.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "daemon/settings.h"

#define DEPTH_MAX     32
#define PATH_TEXT_MAX 256
#define NEAR_MAX      40
#define HINT_MAX      200

#define A_VALUE "a value is true or false, a number, or text in \"quotes\""

enum token_kind {
	TOKEN_END,
	TOKEN_WORD, /* everything up to a space or to what has a meaning of its own */
	TOKEN_STRING,
	TOKEN_MARK, /* one character that has */
};

struct token {
	enum token_kind kind;
	const char *p;
	size_t len;
	unsigned line;
};

/* A bracket that is open. The first stands for the file as a whole. */
struct open {
	char bracket;
	unsigned line;
	config_setting_t *group; /* NULL: none that libconfig knows */
};

struct walk {
	const char *p; /* what is behind now */
	unsigned line; /* there */
	unsigned bad;  /* the line that libconfig complains of */
	struct token now;
	struct token name; /* the last one of a setting */
	struct open open[DEPTH_MAX];
	size_t depth;
	config_setting_t *setting; /* what name is */
	bool twice;                /* name was there before */
	char hint[HINT_MAX];       /* "": nothing is known to be wrong */
};

/* ---- Tokens ---- */

static bool is_mark(char c)
{
	return c != '\0' && strchr(";,=:{}()[]", c);
}

static bool begins_comment(const char *p)
{
	return p[0] == '#' || (p[0] == '/' && (p[1] == '/' || p[1] == '*'));
}

static void skip_blanks(struct walk *w)
{
	for (;;) {
		const char *end = w->p + strspn(w->p, " \t\r\n\f");
		if (begins_comment(end)) {
			const char *stop = end[1] == '*' ? strstr(end + 2, "*/") : NULL;
			end = stop ? stop + 2 : end + strcspn(end, "\n");
		}
		if (end == w->p)
			return;
		for (; w->p < end; w->p++)
			w->line += *w->p == '\n';
	}
}

/* conf_text has closed every string on its line. */
static size_t string_length(const char *p)
{
	size_t n = 1;

	while (p[n] != '\0' && p[n] != '"')
		n += p[n] == '\\' && p[n + 1] != '\0' ? 2 : 1;
	return p[n] ? n + 1 : n;
}

static size_t word_length(const char *p)
{
	size_t n = 0;

	while (p[n] != '\0' && p[n] != '"' && !isspace((unsigned char)p[n]) && !is_mark(p[n]) &&
		!begins_comment(p + n))
		n++;
	return n;
}

static void next(struct walk *w)
{
	skip_blanks(w);
	w->now = (struct token){.kind = TOKEN_WORD, .p = w->p, .line = w->line};
	if (*w->p == '\0') {
		w->now.kind = TOKEN_END;
	} else if (*w->p == '"') {
		w->now.kind = TOKEN_STRING;
		w->now.len = string_length(w->p);
	} else if (is_mark(*w->p)) {
		w->now.kind = TOKEN_MARK;
		w->now.len = 1;
	} else {
		w->now.len = word_length(w->p);
	}
	w->p += w->now.len;
}

static bool is(const struct walk *w, char mark)
{
	return w->now.kind == TOKEN_MARK && *w->now.p == mark;
}

static bool is_name(const struct token *t)
{
	if (t->kind != TOKEN_WORD || !(isalpha((unsigned char)*t->p) || *t->p == '*'))
		return false;
	for (size_t i = 1; i < t->len; i++)
		if (!isalnum((unsigned char)t->p[i]) && !strchr("-_*", t->p[i]))
			return false;
	return true;
}

/* A number, or true or false. */
static bool is_scalar(const struct token *t)
{
	char text[64], *end;

	if (t->kind != TOKEN_WORD || t->len >= sizeof(text))
		return false;
	memcpy(text, t->p, t->len);
	text[t->len] = '\0';
	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)
		return true;
	if (!isdigit((unsigned char)text[strspn(text, "+-.")]))
		return false;
	strtod(text, &end);
	return end[strspn(end, "L")] == '\0';
}

/* ---- What is wrong ---- */

static void set_hint(struct walk *w, const char *hint)
{
	snprintf(w->hint, sizeof(w->hint), "%s", hint);
}

static bool has_non_ascii(const struct token *t)
{
	for (size_t i = 0; i < t->len; i++)
		if ((unsigned char)t->p[i] > 0x7f)
			return t->kind == TOKEN_WORD;
	return false;
}

static bool begins_with(const struct token *t, const char *text)
{
	return t->len >= strlen(text) && memcmp(t->p, text, strlen(text)) == 0;
}

/* Only comments and what is in quotes can have other letters than ASCII's. */
static void hint_non_ascii(struct walk *w)
{
	if (begins_with(&w->now, "\xef\xbb\xbf"))
		set_hint(w, "the file has a byte order mark: save it as UTF-8 without one");
	else if (begins_with(&w->now, "\xe2\x80\x9c") || begins_with(&w->now, "\xe2\x80\x9d") ||
		 begins_with(&w->now, "\xe2\x80\x9e"))
		set_hint(w, "these are no plain quotes: write \"");
	else
		set_hint(w, "outside of quotes and comments there is only ASCII");
}

/* "[records]", as in many other programs' files. */
static void hint_for_section(struct walk *w)
{
	struct walk ahead = *w;

	next(&ahead);
	if (is_name(&ahead.now) && ahead.now.len <= NEAR_MAX)
		snprintf(w->hint, sizeof(w->hint), "a group is written %.*s: { … };",
			(int)ahead.now.len, ahead.now.p);
	else
		set_hint(w, "a group is written NAME: { … };");
}

/* Where a setting's name should be. */
static void hint_for_name(struct walk *w)
{
	const struct token *t = &w->now;
	const char *dot = t->kind == TOKEN_WORD ? memchr(t->p, '.', t->len) : NULL;
	const struct token group = {TOKEN_WORD, t->p, dot ? (size_t)(dot - t->p) : 0, t->line};

	if (has_non_ascii(t)) {
		hint_non_ascii(w);
	} else if (is(w, '[')) {
		hint_for_section(w);
	} else if (dot && dot[1] && group.len && is_name(&group) && t->len <= NEAR_MAX) {
		snprintf(w->hint, sizeof(w->hint), "a group is written %.*s: { %.*s = …; };",
			(int)group.len, t->p, (int)(t->len - group.len - 1), dot + 1);
	} else if (is(w, '}') || is(w, ')') || is(w, ']')) {
		set_hint(w, "it closes nothing that is open");
	} else if (is(w, ';') || is(w, ',')) {
		set_hint(w, "there is one too many");
	} else {
		set_hint(w, "a setting is written NAME = VALUE;");
	}
}

/* Where the = behind a name should be. */
static void hint_for_assignment(struct walk *w)
{
	if (has_non_ascii(&w->now))
		hint_non_ascii(w);
	else if (is(w, '{') && w->name.len <= NEAR_MAX)
		snprintf(w->hint, sizeof(w->hint), "a group is written %.*s: { … };",
			(int)w->name.len, w->name.p);
	else
		set_hint(w, "a setting is written NAME = VALUE; and text stands in \"quotes\"");
}

static void hint_for_value(struct walk *w)
{
	if (has_non_ascii(&w->now))
		hint_non_ascii(w);
	else if (w->now.kind == TOKEN_WORD && *w->now.p == '\'')
		set_hint(w, "text stands in \"double quotes\"");
	else if (is(w, ';'))
		set_hint(w, "the value is missing");
	else
		set_hint(w, A_VALUE);
}

static char closing(char bracket)
{
	return bracket == '{' ? '}' : bracket == '(' ? ')' : ']';
}

static void hint_for_separator(struct walk *w)
{
	snprintf(w->hint, sizeof(w->hint), "a comma, or a '%c', is missing",
		closing(w->open[w->depth].bracket));
}

/* ---- The grammar ---- */

static void push(struct walk *w, config_setting_t *group)
{
	if (w->depth + 1 == DEPTH_MAX) {
		set_hint(w, "the brackets are too deep in each other");
		return;
	}
	w->open[++w->depth] = (struct open){*w->now.p, w->now.line, group};
}

/* Finds the setting of the name, and whether it was there before: a hook is a visitor's mark. */
static void enter_name(struct walk *w)
{
	config_setting_t *group = w->open[w->depth].group;
	char name[PATH_TEXT_MAX];

	w->name = w->now;
	w->setting = NULL;
	if (!group || w->now.len >= sizeof(name))
		return;
	memcpy(name, w->now.p, w->now.len);
	name[w->now.len] = '\0';
	w->setting = config_setting_get_member(group, name);
	if (!w->setting)
		return;
	w->twice = config_setting_get_hook(w->setting) != NULL;
	config_setting_set_hook(w->setting, w->setting);
}

static void walk_value(struct walk *w)
{
	if (w->now.kind == TOKEN_STRING) {
		while (w->now.kind == TOKEN_STRING)
			next(w);
	} else if (is(w, '{') || is(w, '(') || is(w, '[')) {
		push(w, is(w, '{') && w->open[w->depth].bracket == '{' ? w->setting : NULL);
		next(w);
	} else if (is_scalar(&w->now)) {
		next(w);
	} else {
		hint_for_value(w);
	}
}

/* What has to stand behind a value. */
static void end_value(struct walk *w)
{
	char bracket = w->open[w->depth].bracket;

	if (bracket == '{') {
		if (is(w, ';') || is(w, ','))
			next(w);
	} else if (is(w, ',')) {
		next(w);
		/* libconfig has taken a comma before the end since 1.7. */
		if (is(w, closing(bracket)) && w->now.line == w->bad)
			set_hint(w, "the comma before it is one too many");
	} else if (!is(w, closing(bracket)) && w->now.kind != TOKEN_END) {
		hint_for_separator(w);
	}
}

static void close_bracket(struct walk *w)
{
	w->depth--;
	next(w);
	end_value(w);
}

/* A value with what stands behind it, or the bracket that opens it. */
static void walk_whole_value(struct walk *w)
{
	size_t depth = w->depth;

	walk_value(w);
	if (w->depth == depth && !w->hint[0])
		end_value(w);
}

static void walk_setting(struct walk *w)
{
	if (!is_name(&w->now)) {
		hint_for_name(w);
		return;
	}
	enter_name(w);
	if (w->twice)
		return;
	next(w);
	if (is(w, '=') || is(w, ':')) {
		next(w);
		walk_whole_value(w);
	} else {
		hint_for_assignment(w);
	}
}

/* Up to the first thing that is wrong, or the end of the text. */
static void walk(struct walk *w)
{
	next(w);
	while (!w->hint[0] && !w->twice) {
		if (w->now.kind == TOKEN_END)
			return;
		if (w->depth > 0 && is(w, closing(w->open[w->depth].bracket)))
			close_bracket(w);
		else if (w->open[w->depth].bracket == '{')
			walk_setting(w);
		else
			walk_whole_value(w);
	}
}

/* ---- The fault ---- */

static void path_of(const config_setting_t *s, char *to, size_t size)
{
	const config_setting_t *parent = config_setting_parent(s);

	to[0] = '\0';
	if (parent && !config_setting_is_root(parent))
		path_of(parent, to, size);
	size_t used = strlen(to);
	snprintf(to + used, size - used, "%s%s", used ? "." : "", config_setting_name(s));
}

static void add_twice(const struct conf_text *t, const struct walk *w, struct faults *f)
{
	struct place at = conf_text_place(t, w->name.line);
	struct place before = conf_text_place(t, config_setting_source_line(w->setting));
	bool same = strcmp(at.file, before.file) == 0;
	char path[PATH_TEXT_MAX], where[HINT_MAX];

	path_of(w->setting, path, sizeof(path));
	if (same)
		snprintf(where, sizeof(where), "in this file (first on line %u)", before.line);
	else
		snprintf(where, sizeof(where), "(first at %s:%u)", before.file, before.line);
	if (config_setting_is_group(w->setting))
		faults_add(f, at, path, "the group is there twice %s: put both into one", where);
	else
		faults_add(f, at, path, "is set twice %s", where);
}

/* Whether the token may be repeated: nothing of a line with a secret on it is. */
static bool can_be_shown(const struct walk *w, const struct token *t)
{
	char path[PATH_TEXT_MAX];

	if (t->kind == TOKEN_STRING || t->len > NEAR_MAX ||
		!utf8_valid((const uint8_t *)t->p, t->len) || has_non_ascii(t))
		return false;
	if (t->kind == TOKEN_MARK || !w->setting || w->name.line != t->line)
		return true;
	path_of(w->setting, path, sizeof(path));
	const struct setting *s = setting_find(path);
	return !s || !s->secret;
}

static void add_syntax(
	const struct conf_text *t, const struct walk *w, struct token stop, struct faults *f)
{
	struct place at = conf_text_place(t, stop.line);

	if (stop.kind == TOKEN_END)
		faults_add(f, at, NULL, "syntax error at the end of the file: %s", w->hint);
	else if (can_be_shown(w, &stop))
		faults_add(f, at, NULL, "syntax error near '%.*s': %s", (int)stop.len, stop.p,
			w->hint);
	else
		faults_add(f, at, NULL, "syntax error: %s", w->hint);
}

/* Gives the line of the bracket that is open. */
static unsigned add_open(const struct conf_text *t, const struct walk *w, struct faults *f)
{
	const struct open *o = &w->open[w->depth];
	struct place at = conf_text_place(t, w->line), from = conf_text_place(t, o->line);

	if (strcmp(at.file, from.file) == 0)
		faults_add(f, at, NULL,
			"syntax error at the end of the file: a '%c' is missing, for the '%c' of "
			"line %u",
			closing(o->bracket), o->bracket, from.line);
	else
		faults_add(f, from, NULL, "syntax error: there is no '%c' for this '%c'",
			closing(o->bracket), o->bracket);
	return o->line;
}

unsigned conf_syntax_fault(const struct conf_text *t, config_t *parsed, struct faults *f)
{
	unsigned bad = (unsigned)config_error_line(parsed);
	bool duplicate = strcmp(config_error_text(parsed), "duplicate setting name") == 0;
	struct walk w = {.p = t->text, .line = 1, .bad = bad};

	w.open[0] = (struct open){'{', 1, config_root_setting(parsed)};
	walk(&w);
	if (duplicate && w.twice) {
		add_twice(t, &w, f);
		return w.name.line;
	}
	if (!duplicate && w.now.kind == TOKEN_END && w.depth > 0)
		return add_open(t, &w, f);
	if (!duplicate && w.hint[0] && w.now.line == bad) {
		add_syntax(t, &w, w.now, f);
		return bad;
	}
	faults_add(f, conf_text_place(t, bad), NULL, "%s", config_error_text(parsed));
	return bad;
}
