// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_report.c - findings: said, sorted, printed for people and for programs.
 */
#include "doctor.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdicts[VERDICTS] = {
	[VERDICT_OK] = "ok", [VERDICT_INFO] = "info", [VERDICT_WARNING] = "warning",
	[VERDICT_PROBLEM] = "problem",
};

void say(struct world *w, enum verdict verdict, const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	if (w->nfindings == w->room) {
		unsigned int room = w->room ? 2 * w->room : 32;

		f = reallocarray(w->finding, room, sizeof(*f));
		if (!f) {
			w->lost = true;
			return;
		}
		w->finding = f;
		w->room = room;
	}
	f = &w->finding[w->nfindings++];
	*f = (struct finding){ .check = w->check, .verdict = verdict };
	va_start(ap, fmt);
	vsnprintf(f->evidence, sizeof(f->evidence), fmt, ap);
	va_end(ap);
}

void mend(struct world *w, const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	if (w->lost || !w->nfindings)
		return;
	f = &w->finding[w->nfindings - 1];
	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

/* Stable: a stretch of each verdict after the other. */
void report_sort(struct world *w)
{
	struct finding *sorted = calloc(w->nfindings + 1, sizeof(*sorted));
	unsigned int n = 0;

	if (!sorted)
		return;
	for (int v = VERDICTS - 1; v >= 0; v--)
		for (unsigned int i = 0; i < w->nfindings; i++)
			if (w->finding[i].verdict == (enum verdict)v)
				sorted[n++] = w->finding[i];
	free(w->finding);
	w->finding = sorted;
	w->room = w->nfindings + 1;
}

bool report_has(const struct world *w, enum verdict verdict)
{
	for (unsigned int i = 0; i < w->nfindings; i++)
		if (w->finding[i].verdict == verdict)
			return true;
	return false;
}

static unsigned int count(const struct world *w, enum verdict verdict)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->nfindings; i++)
		n += w->finding[i].verdict == verdict;
	return n;
}

/* The first thing to do: sorted, so it is the first that can be done at all. */
static const struct finding *first_to_mend(const struct world *w)
{
	for (unsigned int i = 0; i < w->nfindings; i++)
		if (w->finding[i].verdict >= VERDICT_WARNING || w->finding[i].remedy[0])
			return &w->finding[i];
	return NULL;
}

static void print_run(const struct world *w, FILE *out)
{
	bool drivers = true;

	for (unsigned int i = 0; i < w->ntargets; i++)
		drivers = drivers && (!w->target[i].dev || w->target[i].dev->leat_driver);
	fputs(report_has(w, VERDICT_PROBLEM) ? "then run:" : "run:", out);
	if (w->ntargets % 2 || !drivers) {
		fprintf(out, " leat info%s %s\n", drivers ? " --driver" : "", w->target[0].addr);
		return;
	}
	fputs(" leat-fwd", out);
	for (unsigned int i = 0; i < w->ntargets; i++)
		fprintf(out, " %s", w->target[i].addr);
	fputs("\n", out);
}

static void print_works(const struct world *w, FILE *out)
{
	fputs("works now: emulated NICs, without root (apps/demo)", out);
	if (!report_has(w, VERDICT_PROBLEM))
		for (const struct leat_pci_device *d = next_subject(w, NULL); d; d = next_subject(w, d))
			fprintf(out, ", %s", d->address);
	fputs("\n", out);
}

void report_print(const struct world *w, FILE *out)
{
	const struct finding *first = first_to_mend(w);

	for (unsigned int i = 0; i < w->nfindings; i++) {
		const struct finding *f = &w->finding[i];

		fprintf(out, "%-8s %-11s %s\n", verdicts[f->verdict], f->check, f->evidence);
		if (f->remedy[0])
			fprintf(out, "%20s mend: %s\n", "", f->remedy);
	}
	fprintf(out, "\nfound: %u problem (must be mended), %u warning (it works, but worse than it "
		"could), %u info, %u ok\n", count(w, VERDICT_PROBLEM), count(w, VERDICT_WARNING),
		count(w, VERDICT_INFO), count(w, VERDICT_OK));
	if (first)
		fprintf(out, "first: %s: %s: %s\n", verdicts[first->verdict], first->check,
			first->evidence);
	if (first && first->remedy[0])
		fprintf(out, "mend it: %s\n", first->remedy);
	if (w->ntargets)
		print_run(w, out);
	else
		print_works(w, out);
}

void report_json(const struct world *w, FILE *out)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < w->nfindings; i++) {
		const struct finding *f = &w->finding[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "check", json_object_new_string(f->check));
		json_object_object_add(one, "verdict", json_object_new_string(verdicts[f->verdict]));
		json_object_object_add(one, "evidence", json_object_new_string(f->evidence));
		json_object_object_add(one, "remedy", f->remedy[0] ?
				       json_object_new_string(f->remedy) : NULL);
		json_object_array_add(list, one);
	}
	fprintf(out, "%s\n", json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(list);
}
