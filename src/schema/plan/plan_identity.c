/*
 * plan_identity.c
 *	  Steps for identity columns: what they count with, and where they go on.
 *
 * A serial column that becomes an identity, and the other way round, gets another
 * sequence, which goes on where the old one stood.
 *
 * It assumes that options are the server's own text, in which a keyword stands once.
 * Where a sequence goes on is found when the step runs, from the rows there are then,
 * not when it is planned.  A value beyond the bounds is not set, and leaves the
 * sequence where it starts.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "schema/ddl/ddl.h"
#include "schema/plan/plan_identity.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

/*
 * A document does not know the name, for it follows renames in one database and not in
 * another; then it is the one that the server would give.
 */
char *
plan_identity_sequence(const SchemaTable *table, const SchemaColumn *column)
{
	if (column->identity_sequence != NULL)
		return column->identity_sequence;
	return quote_qualified_identifier(
		table->object.schema, makeObjectName(table->object.name, column->object.name, "seq"));
}

char *
plan_identity_clause(const SchemaColumn *to, const SchemaColumn *from)
{
	const char *kind = to->identity == NULL					 ? NULL
					   : strcmp(to->identity, "always") == 0 ? "ALWAYS"
															 : "BY DEFAULT";

	if (kind == NULL)
		return "DROP IDENTITY";
	/* One command sets it not null first, whatever the order of its parts. */
	if (from->identity == NULL)
		return psprintf("%sADD GENERATED %s AS IDENTITY%s%s%s",
						from->not_null ? ""
									   : psprintf("SET NOT NULL, ALTER COLUMN %s ",
												  quote_identifier(to->object.name)),
						kind, to->identity_options ? " (" : "",
						to->identity_options ? to->identity_options : "",
						to->identity_options ? ")" : "");
	return psprintf("SET GENERATED %s", kind);
}

/* What the options of an identity say; a bound that is not set is that of its type. */
typedef struct IdentityOptions
{
	int64		start;
	int64		increment;
	int64		minimum;
	int64		maximum;
	int64		cache;
	bool		cycle;
} IdentityOptions;

/* The number after a keyword, or what stands for none. */
static int64
read_option(const char *text, const char *keyword, int64 otherwise)
{
	const char *found = text != NULL ? strstr(text, keyword) : NULL;

	return found != NULL ? strtoll(found + strlen(keyword), NULL, 10) : otherwise;
}

static IdentityOptions
read_options(const char *text)
{
	IdentityOptions o;

	o.increment = read_option(text, "INCREMENT BY ", 1);
	o.minimum = read_option(text, "MINVALUE ", SCHEMA_UNSET);
	o.maximum = read_option(text, "MAXVALUE ", SCHEMA_UNSET);
	o.cache = read_option(text, "CACHE ", 1);
	o.cycle = text != NULL && strstr(text, "CYCLE") != NULL;
	o.start = read_option(text, "START WITH ",
						  o.increment > 0 ? (o.minimum != SCHEMA_UNSET ? o.minimum : 1)
										  : (o.maximum != SCHEMA_UNSET ? o.maximum : -1));
	return o;
}

static void
append_set(StringInfo out, const char *keyword, int64 value)
{
	appendStringInfo(out, "%sSET %s " INT64_FORMAT, out->len > 0 ? " " : "", keyword, value);
}

static void
append_bound(StringInfo out, const char *keyword, int64 value)
{
	if (value != SCHEMA_UNSET)
		append_set(out, keyword, value);
	else
		appendStringInfo(out, "%sSET NO %s", out->len > 0 ? " " : "", keyword);
}

/* Each that differs becomes a SET of its own. */
char *
plan_identity_options_clause(const SchemaColumn *to, const SchemaColumn *from)
{
	IdentityOptions a = read_options(from->identity_options);
	IdentityOptions b = read_options(to->identity_options);
	StringInfoData out;

	initStringInfo(&out);
	if (a.start != b.start)
		append_set(&out, "START WITH", b.start);
	if (a.increment != b.increment)
		append_set(&out, "INCREMENT BY", b.increment);
	/* Which bound there is of itself depends on the direction. */
	if (a.minimum != b.minimum || (a.increment > 0) != (b.increment > 0))
		append_bound(&out, "MINVALUE", b.minimum);
	if (a.maximum != b.maximum || (a.increment > 0) != (b.increment > 0))
		append_bound(&out, "MAXVALUE", b.maximum);
	if (a.cache != b.cache)
		append_set(&out, "CACHE", b.cache);
	if (a.cycle != b.cycle)
		appendStringInfo(&out, "%sSET %sCYCLE", out.len > 0 ? " " : "", b.cycle ? "" : "NO ");
	return out.data;
}

bool
plan_identity_is_outside(const Planner *p, const SchemaTable *table, const SchemaColumn *to,
						 const SchemaColumn *from)
{
	IdentityOptions o = read_options(to->identity_options);

	return plan_sequence_is_outside(
		p, plan_identity_sequence(table, from),
		o.minimum != SCHEMA_UNSET ? o.minimum : (o.increment > 0 ? 1 : PG_INT64_MIN),
		o.maximum != SCHEMA_UNSET ? o.maximum : (o.increment > 0 ? PG_INT64_MAX : -1));
}

/*
 * New bounds are refused by the server where the value lies outside of them, unless the
 * command restarts it.
 */
bool
plan_sequence_is_outside(const Planner *p, const char *sequence, int64 minimum, int64 maximum)
{
	int64		value;

	return p->options->facts.sequence_value != NULL &&
		   p->options->facts.sequence_value(sequence, &value, p->options->facts.arg) &&
		   (value < minimum || value > maximum);
}

/* The sequence that a column owns, or NULL. */
static const SchemaSequence *
find_owned(const Schema *schema, const SchemaTable *table, const SchemaColumn *column)
{
	char	   *owner = planner_child(table, column);
	ListCell   *lc;

	foreach(lc, schema->sequences)
	{
		const SchemaSequence *sequence = lfirst(lc);

		if (sequence->owned_by != NULL && strcmp(sequence->owned_by, owner) == 0)
			return sequence;
	}
	return NULL;
}

/*
 * The value a sequence has given out last, as one side of greatest() or least().
 * Nothing where it has given out none: greatest() and least() pass over a null.
 */
static char *
last_value(const SchemaSequence *sequence)
{
	if (sequence == NULL)
		return "";
	return psprintf(", (SELECT last_value FROM %s WHERE is_called)", schema_identity(sequence));
}

/*
 * Behind the values there are, and behind those that the column's old sequence has
 * given out; not before its own start.  The new one is found by what it belongs to: its name is the server's
 * choice.
 */
void
plan_advance_identity(Planner *p, const SchemaTable *table, const SchemaTable *actual,
					  const SchemaColumn *column)
{
	const char *name = quote_identifier(column->object.name);
	char	   *identity = schema_identity(table);
	const SchemaSequence *old = find_owned(p->actual, actual, column);
	PlanStep   *step;

	if (old == NULL && !planner_has_rows(p, actual))
		return;
	step = planner_step(
		p, PHASE_BUILD, "set_sequence", planner_child(table, column), table,
		psprintf(
			"SELECT pg_catalog.setval(v.seqrelid, v.value) FROM (SELECT CASE WHEN "
			"s.seqincrement > 0 THEN greatest((SELECT pg_catalog.max(%s) FROM %s)%s) ELSE "
			"least((SELECT pg_catalog.min(%s) FROM %s)%s) END AS value, s.* "
			"FROM pg_catalog.pg_sequence s "
			"JOIN pg_catalog.pg_depend d ON d.objid = s.seqrelid AND d.deptype = 'i' AND "
			"d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass "
			"JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = "
			"d.refobjsubid WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass "
			"AND d.refobjid = %s::pg_catalog.regclass AND a.attname = %s) v "
			"WHERE v.value BETWEEN v.seqmin AND v.seqmax AND CASE WHEN v.seqincrement > 0 THEN "
			"v.value >= v.seqstart ELSE v.value <= v.seqstart END",
			name, identity, last_value(old), name, identity, last_value(old),
			quote_literal_cstr(identity), quote_literal_cstr(column->object.name)),
		"an identity goes on behind the values there are");
	step->relation = &table->object;
	planner_hazard(step, HAZARD_TABLE_SCAN);
}

/*
 * Whether a default takes its values from a sequence.  By the text of the default, as
 * the server prints a nextval() of this sequence.
 */
static bool
counts_with(const SchemaColumn *column, const SchemaSequence *sequence)
{
	return column->default_value != NULL &&
		   strstr(column->default_value,
				  psprintf("nextval(%s::", quote_literal_cstr(schema_identity(sequence)))) != NULL;
}

/* The name of the sequence that a default takes its values from, quoted; or NULL. */
static char *
find_counted(const SchemaColumn *column)
{
	static const char before[] = "nextval('";
	const char *start =
		column->default_value != NULL ? strstr(column->default_value, before) : NULL;
	const char *end = start != NULL ? strstr(start, "'::regclass") : NULL;

	return end != NULL ? pnstrdup(start + strlen(before), end - start - strlen(before)) : NULL;
}

static void
continue_column(Planner *p, const SchemaSequence *sequence, const SchemaTable *table,
				const SchemaTable *live, const SchemaColumn *column)
{
	const SchemaColumn *from = schema_find_child(live->columns, column->object.name);
	bool		upwards = sequence->increment == SCHEMA_UNSET || sequence->increment > 0;
	char	   *old = from != NULL ? find_counted(from) : NULL;
	char	   *identity = schema_identity(table);
	PlanStep   *step;

	if (from == NULL || strncmp(column->type, "int", 3) != 0 || strchr(column->type, '[') != NULL ||
		(old == NULL && !planner_has_rows(p, live)))
		return;
	step = planner_step(
		p, PHASE_ATTACH, "set_sequence", schema_identity(sequence), table,
		psprintf("SELECT pg_catalog.setval(%s::pg_catalog.regclass, v.value) FROM (SELECT "
				 "%s((SELECT pg_catalog.%s(%s) FROM %s)%s) AS value) v WHERE v.value "
				 "BETWEEN " INT64_FORMAT " AND " INT64_FORMAT,
				 quote_literal_cstr(schema_identity(sequence)), upwards ? "greatest" : "least",
				 upwards ? "max" : "min", quote_identifier(column->object.name), identity,
				 old != NULL ? psprintf(", (SELECT last_value FROM %s WHERE is_called)", old) : "",
				 upwards ? (sequence->start != SCHEMA_UNSET ? sequence->start : 1) : PG_INT64_MIN,
				 upwards ? (sequence->maximum != SCHEMA_UNSET ? sequence->maximum : PG_INT64_MAX)
						 : (sequence->start != SCHEMA_UNSET ? sequence->start : -1)),
		"it goes on behind the values there are");
	step->relation = &table->object;
	planner_hazard(step, HAZARD_TABLE_SCAN);
}

void
plan_continue_sequence(Planner *p, const SchemaSequence *sequence)
{
	ListCell   *lc;

	foreach(lc, p->expected->tables)
	{
		const SchemaTable *table = lfirst(lc);
		const SchemaTable *live =
			schema_find_table(p->actual, table->object.schema, table->object.name);
		ListCell   *lcc;

		if (live == NULL || strcmp(table->kind, "foreign table") == 0)
			continue;
		foreach(lcc, table->columns)
			if (counts_with(lfirst(lcc), sequence))
				continue_column(p, sequence, table, live, lfirst(lcc));
	}
}

/* Whether a column is to be an identity, and may own other sequences as well. */
static bool
stays_identity(const Planner *p, const SchemaTable *table, const SchemaColumn *column)
{
	const SchemaTable *expected =
		schema_find_table(p->expected, table->object.schema, table->object.name);
	const SchemaColumn *to =
		expected != NULL ? schema_find_child(expected->columns, column->object.name) : NULL;

	return to != NULL && to->identity != NULL;
}

/* The live column that a sequence belongs to, where it is an identity no longer; or NULL. */
static const SchemaColumn *
find_identity(const Planner *p, const SchemaSequence *sequence, const SchemaTable **table)
{
	const SchemaColumn *column;
	List	   *parts;

	if (sequence->owned_by == NULL ||
		!SplitIdentifierString(pstrdup(sequence->owned_by), '.', &parts) || list_length(parts) != 3)
		return NULL;
	*table = schema_find_table(p->actual, linitial(parts), lsecond(parts));
	column = *table != NULL ? schema_find_child((*table)->columns, lthird(parts)) : NULL;
	return column != NULL && column->identity != NULL && !stays_identity(p, *table, column) ? column
																							: NULL;
}

bool
plan_succeeds_identity(Planner *p, const SchemaSequence *sequence, const char *reason)
{
	const SchemaTable *table;
	const SchemaColumn *column = find_identity(p, sequence, &table);
	SchemaSequence named = *sequence;
	char	   *object = schema_identity(sequence);

	if (column == NULL)
		return false;
	/* The identity's sequence may have its name: this one takes it when that is gone. */
	named.object.name = makeObjectName(sequence->object.name, NULL, "new");
	planner_step(p, PHASE_BUILD, "create_sequence", object, sequence, ddl_create_sequence(&named),
				 reason);
	planner_step(p, PHASE_BUILD, "set_sequence", object, sequence,
				 psprintf("SELECT pg_catalog.setval(%s::pg_catalog.regclass, last_value, "
						  "is_called) FROM %s WHERE last_value BETWEEN " INT64_FORMAT
						  " AND " INT64_FORMAT,
						  quote_literal_cstr(schema_identity(&named)),
						  plan_identity_sequence(table, column), sequence->minimum,
						  sequence->maximum != SCHEMA_UNSET ? sequence->maximum : PG_INT64_MAX),
				 "it goes on where the identity stood");
	plan_set_rank(p,
				  planner_alter_table(p, PHASE_BUILD, "alter_column", planner_child(table, column),
									  table,
									  psprintf("ALTER COLUMN %s DROP IDENTITY",
											   quote_identifier(column->object.name)),
									  "a sequence takes the place of its identity"),
				  sequence);
	planner_step(p, PHASE_BUILD, "rename_sequence", object, sequence,
				 psprintf("ALTER SEQUENCE %s RENAME TO %s", schema_identity(&named),
						  quote_identifier(sequence->object.name)),
				 reason);
	return true;
}

/* A sequence that is there already is no successor: it has a place of its own. */
bool
plan_is_succeeded(const Planner *p, const SchemaTable *table, const SchemaColumn *column)
{
	const SchemaSequence *sequence = find_owned(p->expected, table, column);

	return sequence != NULL && schema_find(p->actual->sequences, sequence->object.schema,
										   sequence->object.name, NULL) == NULL;
}

/* A sequence goes with the column that owns it, unless that stays. */
bool
plan_goes_with_column(const Planner *p, const SchemaSequence *sequence)
{
	const SchemaTable *table;
	List	   *parts;

	if (sequence->owned_by == NULL)
		return false;
	if (!SplitIdentifierString(pstrdup(sequence->owned_by), '.', &parts) || list_length(parts) != 3)
		return true;
	table = schema_find_table(p->expected, linitial(parts), lsecond(parts));
	return table == NULL || schema_find_child(table->columns, lthird(parts)) == NULL;
}
