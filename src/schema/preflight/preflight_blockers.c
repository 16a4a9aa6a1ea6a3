/*
 * preflight_blockers.c
 *	  What is found, by step, and as JSON.
 */
#include "postgres.h"

#include "schema/preflight/preflight_blockers.h"

static const char *const kind_names[] = {"fails", "loses", "unknown"};

const char *
blockers_kind_name(PreflightKind kind)
{
	return kind_names[kind];
}

/* One for each step and problem: what partitions have of it is added up. */
Blocker *
blockers_add(List **blockers, const PlannedStep *step, PreflightKind kind, char *problem,
			 char *hint)
{
	Blocker	   *blocker;
	ListCell   *lc;

	foreach(lc, *blockers)
	{
		blocker = lfirst(lc);
		if (blocker->step == step->number && blocker->kind == kind &&
			strcmp(blocker->problem, problem) == 0)
			return blocker;
	}
	blocker = palloc0(sizeof(Blocker));
	blocker->step = step->number;
	blocker->object = step->object;
	blocker->kind = kind;
	blocker->problem = problem;
	blocker->hint = hint;
	blocker->rows = kind == PREFLIGHT_UNKNOWN ? -1 : 0;
	*blockers = lappend(*blockers, blocker);
	return blocker;
}

void
blockers_extend(Blocker *blocker, const Blocker *found, int samples)
{
	ListCell   *lc;

	blocker->rows += found->rows;
	foreach(lc, found->samples)
		if (list_length(blocker->samples) < samples)
			blocker->samples = lappend(blocker->samples, lfirst(lc));
}

/* ---- as JSON ---- */

static void
write_value(JsonWriter *w, const SampleValue *value)
{
	if (value->text == NULL)
		json_null(w);
	else if (!value->plain)
		json_string(w, value->text);
	else if (value->text[0] == 't' || value->text[0] == 'f')
		json_bool(w, value->text[0] == 't');
	else
		json_int(w, strtoll(value->text, NULL, 10));
}

static void
write_values(JsonWriter *w, List *values)
{
	ListCell   *lc;

	json_begin_object(w);
	foreach(lc, values)
	{
		const SampleValue *value = lfirst(lc);

		json_key(w, value->name);
		write_value(w, value);
	}
	json_end_object(w);
}

static void
write_samples(JsonWriter *w, const Blocker *blocker)
{
	ListCell   *lc;

	json_begin_array(w);
	foreach(lc, blocker->samples)
	{
		const Sample *sample = lfirst(lc);

		json_begin_object(w);
		if (sample->key != NIL)
		{
			json_key(w, "key");
			write_values(w, sample->key);
		}
		if (list_length(sample->values) == 1)
		{
			json_key(w, "value");
			write_value(w, linitial(sample->values));
		}
		else if (sample->values != NIL)
		{
			json_key(w, "value");
			write_values(w, sample->values);
		}
		if (sample->error != NULL)
			json_put_string(w, "error", sample->error);
		json_end_object(w);
	}
	json_end_array(w);
}

Jsonb *
blockers_write_samples(const Blocker *blocker)
{
	JsonWriter	w;

	if (blocker->samples == NIL)
		return NULL;
	json_init(&w);
	write_samples(&w, blocker);
	return json_finish(&w);
}

static void
write_blocker(JsonWriter *w, const Blocker *blocker)
{
	json_begin_object(w);
	json_put_string(w, "kind", blockers_kind_name(blocker->kind));
	json_put_string(w, "problem", blocker->problem);
	if (blocker->rows >= 0)
		json_put_int(w, "rows", blocker->rows);
	if (blocker->samples != NIL)
	{
		json_key(w, "samples");
		write_samples(w, blocker);
	}
	if (blocker->hint != NULL)
		json_put_string(w, "hint", blocker->hint);
	json_end_object(w);
}

Jsonb *
blockers_write_step(List *blockers, int step)
{
	JsonWriter	w;
	ListCell   *lc;

	json_init(&w);
	json_begin_array(&w);
	foreach(lc, blockers)
		if (((Blocker *) lfirst(lc))->step == step)
			write_blocker(&w, lfirst(lc));
	json_end_array(&w);
	return json_finish(&w);
}
