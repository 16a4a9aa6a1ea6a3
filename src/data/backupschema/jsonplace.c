/*
 * jsonplace.c
 *	  Places inside jsonb values where keys of other rows stand.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/backupschema/jsonplace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#define MAX_STEPS 64

typedef struct PlaceStep
{
	char	   *member;			/* NULL: an element */
	int			index;			/* -1: every element */
} PlaceStep;

struct JsonPlace
{
	int			nsteps;
	PlaceStep	steps[MAX_STEPS];
};

typedef struct PlaceMapping
{
	const JsonPlace *place;
	JsonPlaceVisit visit;
	void	   *arg;
	JsonWriter	writer;
	bool		changed;
} PlaceMapping;

static void
refuse_path(const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid \"json_path\" \"%s\"", path),
			 errhint("It leads to members and elements, like $.items[*].book_id.")));
}

/* A member's name, bare or in double quotes; p moves behind it. */
static char *
parse_member(const char **p, const char *path)
{
	StringInfoData name;
	bool		quoted = **p == '"';

	initStringInfo(&name);
	*p += quoted;
	while (**p != '\0' && (quoted ? **p != '"' : strchr(".[", **p) == NULL))
	{
		if (quoted && **p == '\\' && (*p)[1] != '\0')
			(*p)++;
		appendStringInfoChar(&name, *(*p)++);
	}
	if (quoted && *(*p)++ != '"')
		refuse_path(path);
	if (name.len == 0)
		refuse_path(path);
	return name.data;
}

static int
parse_index(const char **p, const char *path)
{
	char	   *end;
	long		index = -1;

	if (**p == '*')
		(*p)++;
	else
	{
		index = strtol(*p, &end, 10);
		if (end == *p || index < 0 || index > PG_INT32_MAX)
			refuse_path(path);
		*p = end;
	}
	if (*(*p)++ != ']')
		refuse_path(path);
	return (int) index;
}

JsonPlace *
jsonplace_parse(const char *path)
{
	JsonPlace  *place = palloc0(sizeof(JsonPlace));
	const char *p = path;

	if (*p++ != '$')
		refuse_path(path);
	while (*p != '\0')
	{
		PlaceStep  *step = &place->steps[place->nsteps];
		char		kind = *p++;

		if (place->nsteps++ == MAX_STEPS - 1 || (kind != '.' && kind != '['))
			refuse_path(path);
		if (kind == '.')
			step->member = parse_member(&p, path);
		else
			step->index = parse_index(&p, path);
	}
	return place;
}

static void map_container(PlaceMapping *m, JsonbContainer *container, int step);

/*
 * A path that ends at a container, or goes on below a scalar, leads nowhere: it stays as
 * it is.
 */
static void
map_value(PlaceMapping *m, JsonbValue *value, int step)
{
	if (step == m->place->nsteps && value->type != jbvBinary)
	{
		m->changed |= m->visit(value, m->arg);
		json_value(&m->writer, value);
	}
	else if (step < m->place->nsteps && value->type == jbvBinary)
		map_container(m, value->val.binary.data, step);
	else
		json_value(&m->writer, value);
}

typedef struct Members
{
	PlaceMapping *mapping;
	int			step;
	int			index;
} Members;

static bool
map_member(const char *key, JsonbValue *value, void *arg)
{
	Members	   *members = arg;
	const PlaceStep *step = &members->mapping->place->steps[members->step];
	bool		is_place;

	if (key != NULL)
	{
		json_key(&members->mapping->writer, pstrdup(key));
		is_place = step->member != NULL && strcmp(step->member, key) == 0;
	}
	else
		is_place = step->member == NULL && (step->index < 0 || step->index == members->index++);
	if (is_place)
		map_value(members->mapping, value, members->step + 1);
	else
		json_value(&members->mapping->writer, value);
	return true;
}

static void
map_container(PlaceMapping *m, JsonbContainer *container, int step)
{
	Members		members = {m, step, 0};

	if (JsonContainerIsObject(container))
	{
		json_begin_object(&m->writer);
		json_visit(container, map_member, &members);
		json_end_object(&m->writer);
	}
	else
	{
		json_begin_array(&m->writer);
		json_visit(container, map_member, &members);
		json_end_array(&m->writer);
	}
}

/* The document is one scalar, and the path is $. */
static Jsonb *
map_scalar(PlaceMapping *m, Jsonb *document)
{
	JsonbValue	value;

	if (m->place->nsteps > 0 || !JsonbExtractScalar(&document->root, &value) ||
		!m->visit(&value, m->arg))
		return NULL;
	return JsonbValueToJsonb(&value);
}

/* Written anew only if something was changed: json keeps its spelling otherwise. */
Jsonb *
jsonplace_map(const JsonPlace *place, Jsonb *document, JsonPlaceVisit visit, void *arg)
{
	PlaceMapping m = {place, visit, arg};

	if (JB_ROOT_IS_SCALAR(document) || place->nsteps == 0)
		return map_scalar(&m, document);
	json_init(&m.writer);
	map_container(&m, &document->root, 0);
	return m.changed ? json_finish(&m.writer) : NULL;
}
