/*
 * backupschema.c
 *	  The backup schema: reading the document, and ordering its tables.
 *
 * Two steps, because a document may come from a file: parsing asks no database and can
 * validate a backup anywhere; binding (backupschemabind.c) finds tables and columns here,
 * and refuses what the caller may not read.  Tables keep the order of the document, which is the order of the
 * file; circles of references are found once, and tables of one circle share a number.
 * A member that is absent is a default of the format, one that is null is none: a
 * misspelt one is an error, never a default.
 *
 * It never asks a table for its rows, and never guesses: a name that is not found is
 * an error with the nearest one.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/backupschema/backupschema.h"
#include "data/backupschema/backupschema_private.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

static const char *const schema_members[] = {"tables", "tenant", "comment", NULL};
static const char *const tenant_members[] = {"table", "comment", NULL};
static const char *const table_members[] = {
	"name",			 "pk",	   "slug_field",	  "user_field",	   "parent",  "parents",
	"optional_refs", "filter", "exclude_columns", "match_parents", "comment", "lookup",
	"remember",		 NULL};
static const char *const ref_members[] = {"table",	   "field", "type_field", "map", "to",
										  "json_path", "raw",	"comment",	  NULL};

/* What the readers of one document share. */
typedef struct Parser
{
	bool		strict;
	BackupSchema *schema;
} Parser;

typedef struct UnknownVisit
{
	BackupSchema *schema;
	const char *const *known;
	const char *what;
} UnknownVisit;

static bool
note_unknown(const char *key, JsonbValue *value, void *arg)
{
	UnknownVisit *v = arg;

	if (!json_is_known(key, v->known))
		v->schema->unknown =
			lappend(v->schema->unknown, psprintf("%s: there is no member \"%s\"", v->what, key));
	return true;
}

/*
 * A schema inside a file may be of a later release: there only what is known is read, and
 * the rest is noted.  A caller's own is read strictly, for what is misspelt would be
 * passed over.
 */
static void
check_members(Parser *p, JsonbContainer *object, const char *const *known, const char *what)
{
	if (p->strict)
		json_check_members(object, known, what);
	else if (!JsonContainerIsObject(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it must be a JSON object", what)));
	else
	{
		UnknownVisit v = {p->schema, known, what};

		json_visit(object, note_unknown, &v);
	}
}

/* The texts stay those of the list. */
static char **
strings_array(List *strings, int *count)
{
	char	  **array = palloc(sizeof(char *) * Max(list_length(strings), 1));
	ListCell   *lc;

	*count = 0;
	foreach(lc, strings)
		array[(*count)++] = lfirst(lc);
	return array;
}

const BackupKeyMember backupschema_pk = {"pk", "id"};
const BackupKeyMember backupschema_slug = {"slug_field", "slug"};
const BackupKeyMember backupschema_user = {"user_field", "user_id"};

/* A key: absent is the default, null is none, else a name or several. */
static char **
parse_key(JsonbContainer *object, const BackupKeyMember *key, const char *what, int *count)
{
	const char *member = key->name;
	JsonbValue	v;
	List	   *names = json_get_strings(object, member, what);
	ListCell   *lc;

	if (getKeyJsonValueFromContainer(object, member, strlen(member), &v) == NULL)
		names = list_make1(key->otherwise);
	else if (v.type != jbvNull && names == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: member \"%s\" names no column", what, member),
						errhint("Give null where the table has none.")));
	foreach(lc, names)
		if (*(char *) lfirst(lc) == '\0')
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid %s: member \"%s\" holds an empty name", what, member)));
	return strings_array(names, count);
}

/* The map of a polymorphic reference while it is read. */
typedef struct TargetList
{
	BackupRef  *ref;
	const char *what;
} TargetList;

static bool
add_target(const char *key, JsonbValue *value, void *arg)
{
	TargetList *list = arg;
	BackupRefTarget *target = &list->ref->targets[list->ref->ntargets++];

	if (value->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: member \"%s\" of \"map\" must be a table's name",
							   list->what, key)));
	target->value = pstrdup(key);
	target->table = json_value_string(value);
	/* Not known before all tables have been read. */
	target->index = -1;
	return true;
}

/* One table, or a map from what the type column holds to tables: either, and never both. */
static void
parse_targets(BackupRef *ref, JsonbContainer *object, const char *what)
{
	char	   *table = json_get_string(object, "table", what);
	JsonbContainer *map = json_get_object(object, "map", what);
	TargetList	list = {ref, what};

	if ((table == NULL) == (map == NULL) || (map != NULL) != (ref->type_field != NULL))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it needs either \"table\" or \"type_field\" with "
							   "\"map\"",
							   what)));
	ref->targets = palloc0(sizeof(BackupRefTarget) * (map ? JsonContainerSize(map) + 1 : 1));
	if (map != NULL)
		json_visit(map, add_target, &list);
	else
	{
		ref->ntargets = 1;
		ref->targets[0].table = table;
		ref->targets[0].index = -1;
	}
}

/* It is copied, so that all it says is which table its values are of. */
static void
parse_raw(BackupTable *table, JsonbContainer *object, const char *what)
{
	BackupRaw  *raw;

	table->raws = table->raws == NULL
					  ? palloc(sizeof(BackupRaw))
					  : repalloc(table->raws, sizeof(BackupRaw) * (table->nraws + 1));
	raw = &table->raws[table->nraws++];
	memset(raw, 0, sizeof(BackupRaw));
	raw->table = json_get_string(object, "table", what);
	raw->fields = strings_array(json_get_strings(object, "field", what), &raw->nfields);
	if (raw->table == NULL || raw->nfields == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: \"raw\" goes with \"table\" and \"field\"", what)));
}

/* A target is a name until every table is known: it may come later. */
static void
parse_ref(Parser *p, BackupTable *table, JsonbContainer *object, bool required)
{
	char	   *what = psprintf("reference of table \"%s\" in backup schema", table->name);
	BackupRef  *ref;

	check_members(p, object, ref_members, what);
	if (json_get_bool(object, "raw", false, what))
	{
		parse_raw(table, object, what);
		return;
	}
	ref = &table->refs[table->nrefs++];
	ref->required = required;
	ref->to = strings_array(json_get_strings(object, "to", what), &ref->nto);
	ref->fields = strings_array(json_get_strings(object, "field", what), &ref->nfields);
	ref->type_field = json_get_string(object, "type_field", what);
	ref->json_path = json_get_string(object, "json_path", what);
	if (ref->nfields == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it has no \"field\"", what)));
	if (ref->json_path != NULL && (ref->type_field != NULL || ref->nfields > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: \"json_path\" goes with one \"field\" and \"table\"", what)));
	if (ref->nto > 0 &&
		(ref->type_field != NULL || ref->json_path != NULL || ref->nto != ref->nfields))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: \"to\" goes with \"table\" and as many columns as \"field\"",
						what)));
	ref->kind = ref->json_path != NULL	  ? REF_JSON
				: ref->type_field != NULL ? REF_POLYMORPHIC
										  : REF_COLUMNS;
	parse_targets(ref, object, what);
}

/* The references under one member: a list, or for "parent" one object. */
static void
parse_refs(Parser *p, BackupTable *table, JsonbContainer *object, const char *member, bool required,
		   const char *what)
{
	JsonbValue	v;
	JsonbContainer *list;
	int			count;

	if (!json_get(object, member, &v))
		return;
	list = v.type == jbvBinary ? v.val.binary.data : NULL;
	if (list == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: member \"%s\" must be an object or a list of them",
							   what, member)));
	count = JsonContainerIsObject(list) ? 1 : JsonContainerSize(list);
	table->refs = table->refs == NULL
					  ? palloc0(sizeof(BackupRef) * Max(count, 1))
					  : repalloc(table->refs, sizeof(BackupRef) * (table->nrefs + count));
	memset(&table->refs[table->nrefs], 0, sizeof(BackupRef) * count);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *element =
			JsonContainerIsObject(list) ? &v : getIthJsonbValueFromContainer(list, i);

		if (element->type != jbvBinary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid %s: an element of \"%s\" is not an object", what, member)));
		parse_ref(p, table, element->val.binary.data, required);
	}
}

/* Bare means public; what cannot be a table's name stands for itself. */
static char *
full_name(const char *name)
{
	List	   *parts;

	if (!SplitIdentifierString(pstrdup(name), '.', &parts))
		return pstrdup(name);
	/* As relation_find() takes a bare name: never by the search_path. */
	if (list_length(parts) == 1)
		return quote_qualified_identifier(RELATION_BARE_SCHEMA, linitial(parts));
	return list_length(parts) == 2 ? quote_qualified_identifier(linitial(parts), lsecond(parts))
								   : pstrdup(name);
}

/* true: only found; "create": made where it is not. */
static BackupLookup
parse_lookup(JsonbContainer *object, const char *what)
{
	JsonbValue	v;

	if (!json_get(object, "lookup", &v))
		return LOOKUP_NONE;
	if (v.type == jbvBool)
		return v.val.boolean ? LOOKUP_FIND : LOOKUP_NONE;
	if (v.type == jbvString && strcmp(json_value_string(&v), "create") == 0)
		return LOOKUP_CREATE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s: member \"lookup\" must be true, false or \"create\"", what)));
}

/* Where tenants are rows of a table no other has a column for them, nor a default of one. */
static char *
parse_user(Parser *p, JsonbContainer *object, const char *what)
{
	int			count;
	char	  **names;

	if (p->schema->tenant_name != NULL &&
		json_get_strings(object, backupschema_user.name, what) == NIL)
		return NULL;
	names = parse_key(object, &backupschema_user, what, &count);
	if (count > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: \"user_field\" must be one column", what)));
	if (count > 0 && p->schema->tenant_name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: \"user_field\" cannot stand beside \"tenant\"", what),
				 errhint("Leave it out, and declare the reference to \"%s\" under \"parents\".",
						 p->schema->tenant_name)));
	return count > 0 ? names[0] : NULL;
}

/* What has a match key is told by that, and what has no key at all by nothing. */
static bool
parse_remember(JsonbContainer *object, const BackupTable *table, const char *what)
{
	bool		remember = json_get_bool(object, "remember", false, what);

	if (remember && table->nslug > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: \"remember\" is for rows without a match key", what),
						errhint("Write \"slug_field\": null, or leave \"remember\" out.")));
	if (remember && table->npk == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: rows without a key cannot be remembered", what),
						errhint("Name the key in \"pk\".")));
	return remember;
}

/* The keys by which rows are referred to begin with the pk. */
static void
add_key(BackupTable *table, char **names, int count)
{
	BackupKey  *key;

	table->keys = table->keys == NULL
					  ? palloc(sizeof(BackupKey))
					  : repalloc(table->keys, sizeof(BackupKey) * (table->nkeys + 1));
	key = &table->keys[table->nkeys++];
	memset(key, 0, sizeof(BackupKey));
	key->names = names;
	key->count = count;
}

/*
 * The order of members does not matter, that of tables does: it is the order of the file.
 */
static void
parse_table(Parser *p, JsonbContainer *object)
{
	BackupSchema *schema = p->schema;
	BackupTable *table = &schema->tables[schema->ntables];
	char	   *what = psprintf("table %d in backup schema", schema->ntables + 1);

	check_members(p, object, table_members, what);
	table->name = json_get_string(object, "name", what);
	if (table->name == NULL || *table->name == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it has no \"name\"", what)));
	table->full_name = full_name(table->name);
	table->index = schema->ntables++;
	what = psprintf("table \"%s\" in backup schema", table->name);
	table->pk = parse_key(object, &backupschema_pk, what, &table->npk);
	table->slug = parse_key(object, &backupschema_slug, what, &table->nslug);
	add_key(table, table->pk, table->npk);
	table->lookup = parse_lookup(object, what);
	table->remember = parse_remember(object, table, what);
	table->user_field = parse_user(p, object, what);
	/* Without a tenant column the parent is what makes rows of two tenants differ. */
	table->match_parents = json_get_bool(object, "match_parents", table->user_field == NULL, what);
	parse_refs(p, table, object, "parent", true, what);
	parse_refs(p, table, object, "parents", true, what);
	parse_refs(p, table, object, "optional_refs", false, what);
	table->filter = json_get_string(object, "filter", what);
	table->exclude = json_get_strings(object, "exclude_columns", what);
	if (table->lookup != LOOKUP_NONE && table->nslug == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s: a lookup needs a match key", what),
				 errhint("Name in \"slug_field\" the columns that are the same everywhere.")));
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(BackupTable *const *) a)->name, (*(BackupTable *const *) b)->name);
}

static int
compare_full_names(const void *a, const void *b)
{
	return strcmp((*(BackupTable *const *) a)->full_name, (*(BackupTable *const *) b)->full_name);
}

/* A file's header may name any number of tables: they are looked up by halving. */
static void
sort_names(BackupSchema *schema)
{
	schema->by_name = palloc(sizeof(BackupTable *) * Max(schema->ntables, 1));
	for (int i = 0; i < schema->ntables; i++)
		schema->by_name[i] = &schema->tables[i];
	qsort(schema->by_name, schema->ntables, sizeof(BackupTable *), compare_names);
	for (int i = 1; i < schema->ntables; i++)
		if (compare_names(&schema->by_name[i - 1], &schema->by_name[i]) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid backup schema: table \"%s\" stands in it twice",
								   schema->by_name[i]->name)));
	schema->by_full_name = palloc(sizeof(BackupTable *) * Max(schema->ntables, 1));
	memcpy(schema->by_full_name, schema->by_name, sizeof(BackupTable *) * schema->ntables);
	qsort(schema->by_full_name, schema->ntables, sizeof(BackupTable *), compare_full_names);
}

/* As written, for a file calls its tables as its schema does. */
BackupTable *
backupschema_find(const BackupSchema *schema, const char *name)
{
	BackupTable key = {.name = (char *) name};
	BackupTable *wanted = &key;
	BackupTable **found =
		bsearch(&wanted, schema->by_name, schema->ntables, sizeof(BackupTable *), compare_names);

	return found != NULL ? *found : NULL;
}

/* References may name a table otherwise than the table does: "t" and public.t are one. */
BackupTable *
backupschema_find_meant(const BackupSchema *schema, const char *name)
{
	BackupTable *exact = backupschema_find(schema, name);
	BackupTable key = {.full_name = full_name(name)};
	BackupTable *wanted = &key;
	BackupTable **found;

	if (exact != NULL)
		return exact;
	found = bsearch(&wanted, schema->by_full_name, schema->ntables, sizeof(BackupTable *),
					compare_full_names);
	return found != NULL ? *found : NULL;
}

BackupTable *
backupschema_table(const BackupSchema *schema, const char *name, const char *what)
{
	BackupTable *table = backupschema_find(schema, name);
	const char **candidates;
	const char *nearest;

	if (table != NULL)
		return table;
	candidates = palloc0(sizeof(char *) * (schema->ntables + 1));
	for (int i = 0; i < schema->ntables; i++)
		candidates[i] = schema->tables[i].name;
	nearest = json_nearest(name, candidates);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s names table \"%s\", which the backup schema does not contain", what, name),
			 nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	return NULL;
}

/* Tarjan's strongly connected components over the references. */
typedef struct Ordering
{
	BackupSchema *schema;
	int		   *number;			/* order of visit, 0 before */
	int		   *low;
	bool	   *on_stack;
	int		   *stack;
	int			depth;
	int			visited;
} Ordering;

/* Recursion is as deep as references lead, so the stack is looked after. */
static void
visit_component(Ordering *o, int index)
{
	BackupTable *table = &o->schema->tables[index];
	bool		circle;
	int			member;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	o->number[index] = o->low[index] = ++o->visited;
	o->stack[o->depth++] = index;
	o->on_stack[index] = true;
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].ntargets; j++)
		{
			int			target = table->refs[i].targets[j].index;

			/* A table that the schema does not hold; binding says so. */
			if (target < 0)
				continue;
			if (o->number[target] == 0)
			{
				visit_component(o, target);
				o->low[index] = Min(o->low[index], o->low[target]);
			}
			else if (o->on_stack[target])
				o->low[index] = Min(o->low[index], o->number[target]);
		}
	if (o->low[index] != o->number[index])
		return;
	circle = o->stack[o->depth - 1] != index;
	do
	{
		member = o->stack[--o->depth];
		o->on_stack[member] = false;
		o->schema->tables[member].component = o->schema->ncomponents;
		o->schema->tables[member].in_cycle = circle;
	} while (member != index);
	o->schema->ncomponents++;
}

/*
 * Numbers of components are in the order in which they are completed, so that those a table
 * refers to have lower ones.
 */
static void
find_components(BackupSchema *schema)
{
	int			n = schema->ntables + 1;
	Ordering	o = {schema};

	o.number = palloc0(sizeof(int) * n);
	o.low = palloc0(sizeof(int) * n);
	o.on_stack = palloc0(sizeof(bool) * n);
	o.stack = palloc0(sizeof(int) * n);
	for (int i = 0; i < schema->ntables; i++)
		schema->tables[i].component = -1;
	for (int i = 0; i < schema->ntables; i++)
		if (o.number[i] == 0)
			visit_component(&o, i);
}

static bool
same_names(char **a, int na, char **b, int nb)
{
	bool		same = na == nb;

	for (int i = 0; same && i < na; i++)
		same = strcmp(a[i], b[i]) == 0;
	return same;
}

/* Which of the target's keys the reference means; one more where it is the first to. */
static void
resolve_key(BackupSchema *schema, BackupRef *ref)
{
	BackupTable *target = ref->targets[0].index < 0 ? NULL : &schema->tables[ref->targets[0].index];

	if (ref->nto == 0 || target == NULL)
		return;
	for (ref->key = 0; ref->key < target->nkeys; ref->key++)
		if (same_names(ref->to, ref->nto, target->keys[ref->key].names,
					   target->keys[ref->key].count))
			return;
	add_key(target, ref->to, ref->nto);
}

/* Gives each reference the places of its targets, then finds the circles. */
static void
resolve_targets(BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			BackupRef  *ref = &schema->tables[i].refs[j];

			for (int k = 0; k < ref->ntargets; k++)
			{
				BackupTable *target = backupschema_find_meant(schema, ref->targets[k].table);

				ref->targets[k].index = target ? target->index : -1;
			}
			resolve_key(schema, ref);
		}
	find_components(schema);
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			BackupRef  *ref = &schema->tables[i].refs[j];

			for (int k = 0; k < ref->ntargets; k++)
				if (ref->targets[k].index >= 0 &&
					schema->tables[ref->targets[k].index].component == schema->tables[i].component)
					ref->circular = true;
		}
}

/* Before the tables, of which it says that they have no tenant column. */
static void
parse_tenant(Parser *p, JsonbContainer *document)
{
	static const char *const what = "member \"tenant\" of backup schema";
	JsonbContainer *tenant = json_get_object(document, "tenant", "backup schema");

	if (tenant == NULL)
		return;
	check_members(p, tenant, tenant_members, what);
	p->schema->tenant_name = json_get_string(tenant, "table", what);
	if (p->schema->tenant_name == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it has no \"table\"", what)));
}

static void
find_tenant(BackupSchema *schema)
{
	BackupTable *table;

	if (schema->tenant_name == NULL)
		return;
	table = backupschema_find_meant(schema, schema->tenant_name);
	if (table == NULL)
		table = backupschema_table(schema, schema->tenant_name, "member \"tenant\"");
	if (table->lookup != LOOKUP_NONE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid backup schema: table \"%s\" of the tenants cannot be "
							   "looked up",
							   table->name)));
	if (table->npk == 0 || table->nslug == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid backup schema: table \"%s\" of the tenants needs a key and a "
						"match key",
						table->name),
				 errhint("Name in \"slug_field\" the columns by which a tenant is called "
						 "everywhere.")));
	schema->tenant = table;
}

/* Asks no database: the same for a file that is only validated. */
BackupSchema *
backupschema_parse(JsonbContainer *document, bool strict)
{
	static const char *const what = "backup schema";
	Parser		p = {strict, palloc0(sizeof(BackupSchema))};
	JsonbContainer *tables;
	int			count;

	check_members(&p, document, schema_members, what);
	tables = json_get_array(document, "tables", what);
	if (tables == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid backup schema: it has no list \"tables\"")));
	count = JsonContainerSize(tables);
	p.schema->tables = palloc0(sizeof(BackupTable) * Max(count, 1));
	parse_tenant(&p, document);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(tables, i);

		CHECK_FOR_INTERRUPTS();
		if (element->type != jbvBinary)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid backup schema: table %d is not an object", i + 1)));
		parse_table(&p, element->val.binary.data);
	}
	sort_names(p.schema);
	resolve_targets(p.schema);
	find_tenant(p.schema);
	backupschema_find_tenants(p.schema);
	return p.schema;
}

bool
backupschema_is_lookup(const BackupSchema *schema, const BackupRef *ref)
{
	for (int i = 0; i < ref->ntargets; i++)
		if (ref->targets[i].index < 0 ||
			schema->tables[ref->targets[i].index].lookup == LOOKUP_NONE)
			return false;
	return ref->ntargets > 0;
}

static bool
is_slug(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nslug; i++)
		if (table->slug_columns[i] == column)
			return true;
	return false;
}

bool
backupschema_needs(const BackupTable *table, const BackupRef *ref)
{
	if (table->lookup != LOOKUP_FIND)
		return true;
	for (int i = 0; ref->kind != REF_JSON && i < ref->nfields; i++)
		if (is_slug(table, ref->columns[i]) || ref->columns[i] == table->user_column)
			return true;
	return false;
}

/* Of a reference that the match key needs, all columns. */
bool
backupschema_needs_column(const BackupTable *table, const RelationColumn *column)
{
	if (table->lookup != LOOKUP_FIND || is_slug(table, column) || column == table->user_column)
		return true;
	for (int i = 0; i < table->nkeys; i++)
		for (int j = 0; j < table->keys[i].count; j++)
			if (table->keys[i].columns[j] == column)
				return true;
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		bool		among = ref->type_column == column;

		for (int j = 0; j < ref->nfields; j++)
			among |= ref->columns[j] == column;
		if (among && backupschema_needs(table, ref))
			return true;
	}
	return false;
}

/*
 * Tables of one circle may stand in any order; NULL: all others stand behind those they
 * refer to.
 */
char *
backupschema_misplaced(const BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];

		for (int j = 0; j < table->nrefs; j++)
			for (int k = 0; k < table->refs[j].ntargets; k++)
			{
				BackupRefTarget *target = &table->refs[j].targets[k];

				if (target->index > i &&
					schema->tables[target->index].component != table->component)
					return psprintf("table \"%s\" stands before table \"%s\", which it references",
									table->name, target->table);
			}
	}
	return NULL;
}
