/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "daemon/conf_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "daemon/value.h"

/* The types for programs; setting_type_name() is for people. */
static const char *type_word(enum setting_type type)
{
	switch (type) {
	case SETTING_GROUP: return "group";
	case SETTING_BOOL: return "boolean";
	case SETTING_INT: return "integer";
	case SETTING_DURATION: return "duration";
	case SETTING_SIZE: return "size";
	case SETTING_STRING: return "string";
	case SETTING_PATH: return "path";
	case SETTING_HOST: return "address";
	case SETTING_ADDRESSES: return "addresses";
	case SETTING_PREFIXES: return "prefixes";
	case SETTING_ENDPOINT: return "endpoint";
	case SETTING_SERVERS: return "servers";
	case SETTING_CHOICE: return "choice";
	}
	return "unknown";
}

/* JSON is UTF-8. The names of files need not be, and a fault can repeat what is none, or be cut in
 * the middle of a character: then '?' stands for each byte that is not ASCII. NULL is null. */
static json_t *text_json(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return json_null();
	if (utf8_valid((const uint8_t *)text, len))
		return json_stringn(text, len);
	char *copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json_t *json = json_stringn(copy, len);
	free(copy);
	return json;
}

static json_t *line_json(const char *file, unsigned line)
{
	return file && line ? json_integer(line) : json_null();
}

/* json_array_append_new() takes no NULL, and frees the item when it fails. */
static bool append(json_t *array, json_t *item)
{
	return item && json_array_append_new(array, item) == 0;
}

/* The default as a value of it would print; new, or NULL without memory. */
static char *default_text(const struct setting *s)
{
	struct config only = {0};
	char *text = NULL;

	if (value_store_default(s, &only) == 0)
		text = value_text(s, &only);
	value_fini(s, &only);
	return text;
}

/* Whether this is the password, and it came as a credential: then the setting itself is empty. */
static bool is_credential(const struct conf *conf, const struct setting *s)
{
	return strcmp(s->path, "password") == 0 && conf->password && conf->c.password[0] == '\0' &&
	       conf->c.password_file[0] == '\0';
}

static json_t *setting_json(const struct conf *conf, const struct setting *s)
{
	bool credential = is_credential(conf, s);
	struct place at = conf->from[setting_index(s)];
	char help[300];
	char *value = credential ? strdup("(secret)") : value_text(s, &conf->c);
	char *initial = default_text(s);

	if (credential)
		at.file = "credential " CONF_CREDENTIAL;
	snprintf(help, sizeof(help), "%s%s", s->help, s->unused ? " Not used yet." : "");
	json_t *json = NULL;
	if (value && initial)
		json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:s}", "path", s->path,
			"type", type_word(s->type), "value", text_json(value), "default",
			text_json(initial), "file", text_json(at.file), "line",
			line_json(at.file, at.line), "live", s->live, "used", !s->unused, "help",
			help);
	free(initial);
	free(value);
	return json;
}

json_t *conf_json_file(const struct conf *conf)
{
	return text_json(conf->main_file);
}

json_t *conf_json(const struct conf *conf)
{
	json_t *settings = json_array();
	const struct setting *s;

	for (size_t i = 0; settings && (s = setting_at(i)); i++) {
		if (s->type == SETTING_GROUP || append(settings, setting_json(conf, s)))
			continue;
		json_decref(settings);
		settings = NULL;
	}
	/* With a NULL among them it frees the others and gives NULL. */
	return json_pack("{s:o, s:o}", "file", conf_json_file(conf), "settings", settings);
}

static json_t *change_json(const struct conf_change *c)
{
	return json_pack("{s:s, s:o, s:o}", "path", c->setting->path, "from", text_json(c->from),
		"to", text_json(c->to));
}

json_t *conf_json_changes(const struct conf_diff *d, bool live)
{
	json_t *changes = json_array();

	for (size_t i = 0; changes && i < d->count; i++) {
		if (d->changes[i].live != live || append(changes, change_json(&d->changes[i])))
			continue;
		json_decref(changes);
		changes = NULL;
	}
	return changes;
}

static json_t *fault_json(const struct one_fault *f)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "file", text_json(f->file), "line",
		line_json(f->file, f->line), "setting", text_json(f->setting), "message",
		text_json(f->message));
}

static json_t *untold_json(size_t untold)
{
	return json_pack("{s:n, s:n, s:n, s:o}", "file", "line", "setting", "message",
		json_sprintf("%zu more faults are not shown", untold));
}

json_t *conf_json_faults(const struct faults *f)
{
	json_t *faults = json_array();
	bool good = faults != NULL;

	for (size_t i = 0; good && i < f->count; i++)
		good = append(faults, fault_json(faults_at(f, i)));
	if (good && f->untold)
		good = append(faults, untold_json(f->untold));
	if (good)
		return faults;
	json_decref(faults);
	return NULL;
}
