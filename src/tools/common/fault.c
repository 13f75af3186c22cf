/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/common/fault.h"

#include <stdarg.h>

#include "tools/common/text.h"

int fault_set(
	struct fault *f, int status, const char *code, const char *hint, const char *format, ...)
{
	va_list args;

	if (f->status != 0)
		return f->status;
	f->status = status;
	f->code = code;
	snprintf(f->hint, sizeof(f->hint), "%s", hint ? hint : "");
	va_start(args, format);
	vsnprintf(f->message, sizeof(f->message), format, args);
	va_end(args);
	text_clean(f->message, true);
	text_clean(f->hint, true);
	return status;
}

void fault_hint(struct fault *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->hint, sizeof(f->hint), format, args);
	va_end(args);
	text_clean(f->hint, true);
}

json_t *fault_json(const struct fault *f)
{
	return json_pack("{s:s, s:o, s:o}", "code", f->code, "message", text_json(f->message),
		"hint", text_json(f->hint));
}

void fault_print(const struct fault *f, const char *program, bool json, FILE *out, FILE *err)
{
	json_t *root = NULL;

	if (json)
		root = json_pack("{s:o}", "error", fault_json(f));
	if (root && json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF &&
		fflush(out) == 0) {
		json_decref(root);
		return;
	}
	json_decref(root);
	fprintf(err, "%s: %s%s%s\n", program, f->message, f->hint[0] ? ": " : "", f->hint);
}
