/*
 * catalog_others.c
 *	  Collations, conversions and text search objects: kinds of which only the
 *	  CREATE statement matters.
 *
 * They have few members anyone would alter one by one: the definition is compared as a
 * whole, and a difference means to make the object again.  The statement is put together
 * here, since the server deparses none of them; what its majors keep in different
 * columns is read by the column's name.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "schema/catalog/catalog_reader.h"
#include "tsearch/ts_cache.h"
#include "tsearch/ts_public.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

/* Clauses of a CREATE statement while they are gathered. */
typedef struct Clauses
{
	StringInfoData text;
	int			count;
} Clauses;

/* NULL: the object does not have it. */
static void
add_clause(Clauses *c, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(&c->text, "%s%s = %s", c->count++ == 0 ? "" : ", ", name, value);
}

static void
add_function_clause(CatalogReader *r, Clauses *c, const char *name, Oid function)
{
	if (OidIsValid(function))
		add_clause(c, name, catalog_function(r, function));
}

static void
init_clauses(Clauses *c)
{
	initStringInfo(&c->text);
	c->count = 0;
}

static const char *
provider_name(char provider)
{
	switch (provider)
	{
		case COLLPROVIDER_LIBC:
			return "libc";
		case COLLPROVIDER_ICU:
			return "icu";
		case COLLPROVIDER_DEFAULT:
			return "default";
		default:
			return "builtin";
	}
}

/*
 * A text or name column by name: majors keep locales in different ones.  Majors that do
 * not have the column have no value for it.
 */
static char *
column_text(HeapTuple tuple, TupleDesc desc, const char *column)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		bool		isnull;
		Datum		value;

		if (strcmp(NameStr(attr->attname), column) != 0)
			continue;
		value = heap_getattr(tuple, i + 1, desc, &isnull);
		if (isnull)
			return NULL;
		return attr->atttypid == NAMEOID ? pstrdup(NameStr(*DatumGetName(value)))
										 : TextDatumGetCString(value);
	}
	return NULL;
}

/* NULL stays NULL. */
static char *
literal(const char *value)
{
	return value != NULL ? quote_literal_cstr(value) : NULL;
}

/*
 * The column is called otherwise from major to major, and one word serves for both where
 * they agree.
 */
static void
add_locale(Clauses *c, HeapTuple tuple, TupleDesc desc)
{
	char	   *collate = column_text(tuple, desc, "collcollate");
	char	   *ctype = column_text(tuple, desc, "collctype");
	char	   *locale = column_text(tuple, desc, "colllocale");

	if (locale == NULL)
		locale = column_text(tuple, desc, "colliculocale");
	if (locale == NULL && collate != NULL && ctype != NULL && strcmp(collate, ctype) == 0)
		locale = collate;
	if (locale != NULL)
		add_clause(c, "LOCALE", literal(locale));
	else
	{
		add_clause(c, "LC_COLLATE", literal(collate));
		add_clause(c, "LC_CTYPE", literal(ctype));
	}
	add_clause(c, "RULES", literal(column_text(tuple, desc, "collicurules")));
}

static void
add_collation(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_collation form = (Form_pg_collation) GETSTRUCT(tuple);
	SchemaOther *object = catalog_add_other(r, CollationRelationId, form->oid, "collation",
											form->collnamespace, &form->collname, form->collowner);
	Clauses		c;

	if (object == NULL)
		return;
	init_clauses(&c);
	add_clause(&c, "PROVIDER", provider_name(form->collprovider));
	add_locale(&c, tuple, desc);
	if (!form->collisdeterministic)
		add_clause(&c, "DETERMINISTIC", "false");
	object->definition =
		psprintf("CREATE COLLATION %s (%s)", catalog_other_name(object), c.text.data);
}

static void
add_conversion(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_conversion form = (Form_pg_conversion) GETSTRUCT(tuple);
	SchemaOther *object = catalog_add_other(r, ConversionRelationId, form->oid, "conversion",
											form->connamespace, &form->conname, form->conowner);

	if (object == NULL)
		return;
	object->definition = psprintf("CREATE %sCONVERSION %s FOR %s TO %s FROM %s",
								  form->condefault ? "DEFAULT " : "", catalog_other_name(object),
								  quote_literal_cstr(pg_encoding_to_char(form->conforencoding)),
								  quote_literal_cstr(pg_encoding_to_char(form->contoencoding)),
								  catalog_function(r, form->conproc));
}

/* Nobody owns a parser or a template: superusers alone make them. */
static void
add_parser(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_parser form = (Form_pg_ts_parser) GETSTRUCT(tuple);
	SchemaOther *object = catalog_add_other(r, TSParserRelationId, form->oid, "text search parser",
											form->prsnamespace, &form->prsname, InvalidOid);
	Clauses		c;

	if (object == NULL)
		return;
	init_clauses(&c);
	add_function_clause(r, &c, "START", form->prsstart);
	add_function_clause(r, &c, "GETTOKEN", form->prstoken);
	add_function_clause(r, &c, "END", form->prsend);
	add_function_clause(r, &c, "LEXTYPES", form->prslextype);
	add_function_clause(r, &c, "HEADLINE", form->prsheadline);
	object->definition =
		psprintf("CREATE TEXT SEARCH PARSER %s (%s)", catalog_other_name(object), c.text.data);
}

static void
add_template(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_template form = (Form_pg_ts_template) GETSTRUCT(tuple);
	SchemaOther *object =
		catalog_add_other(r, TSTemplateRelationId, form->oid, "text search template",
						  form->tmplnamespace, &form->tmplname, InvalidOid);
	Clauses		c;

	if (object == NULL)
		return;
	init_clauses(&c);
	add_function_clause(r, &c, "INIT", form->tmplinit);
	add_function_clause(r, &c, "LEXIZE", form->tmpllexize);
	object->definition =
		psprintf("CREATE TEXT SEARCH TEMPLATE %s (%s)", catalog_other_name(object), c.text.data);
}

static void
add_dictionary(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_dict form = (Form_pg_ts_dict) GETSTRUCT(tuple);
	SchemaOther *object =
		catalog_add_other(r, TSDictionaryRelationId, form->oid, "text search dictionary",
						  form->dictnamespace, &form->dictname, form->dictowner);
	char	   *options = catalog_text(tuple, desc, Anum_pg_ts_dict_dictinitoption);

	if (object == NULL)
		return;
	object->definition =
		psprintf("CREATE TEXT SEARCH DICTIONARY %s (TEMPLATE = %s%s%s)", catalog_other_name(object),
				 catalog_ts_template(r, form->dicttemplate), options != NULL ? ", " : "",
				 options != NULL ? options : "");
}

/* One mapping of a configuration: which dictionaries a kind of token goes to. */
typedef struct Mapping
{
	int			token;
	int			seqno;
	Oid			dictionary;
} Mapping;

static void
add_mapping(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_config_map form = (Form_pg_ts_config_map) GETSTRUCT(tuple);
	List	  **mappings = r->current;
	Mapping	   *mapping = palloc(sizeof(Mapping));

	*mapping = (Mapping){form->maptokentype, form->mapseqno, form->mapdict};
	*mappings = lappend(*mappings, mapping);
}

static int
compare_mappings(const ListCell *a, const ListCell *b)
{
	const Mapping *x = lfirst(a);
	const Mapping *y = lfirst(b);

	return x->token != y->token ? x->token - y->token : x->seqno - y->seqno;
}

static const char *
token_name(LexDescr *tokens, int id)
{
	for (; tokens->lexid != 0; tokens++)
		if (tokens->lexid == id)
			return tokens->alias;
	return psprintf("%d", id);
}

/*
 * The kinds of tokens are the parser's to name, so it is asked: a function in C, as
 * only superusers make them.  Consecutive rows of one token are one mapping, in the
 * order in which its dictionaries are tried.
 */
static void
append_mappings(CatalogReader *r, StringInfo out, SchemaOther *object, Oid parser, List *mappings)
{
	TSParserCacheEntry *entry = lookup_ts_parser_cache(parser);
	LexDescr *tokens = (LexDescr *) DatumGetPointer(OidFunctionCall1(entry->lextypeOid, (Datum) 0));
	int			last = -1;
	ListCell   *lc;

	list_sort(mappings, compare_mappings);
	foreach(lc, mappings)
	{
		Mapping	   *mapping = lfirst(lc);

		if (mapping->token != last)
			appendStringInfo(out, ";\nALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %s WITH ",
							 catalog_other_name(object),
							 quote_identifier(token_name(tokens, mapping->token)));
		else
			appendStringInfoString(out, ", ");
		appendStringInfoString(out, catalog_ts_dictionary(r, mapping->dictionary));
		last = mapping->token;
	}
}

static void
add_configuration(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_ts_config form = (Form_pg_ts_config) GETSTRUCT(tuple);
	SchemaOther *object =
		catalog_add_other(r, TSConfigRelationId, form->oid, "text search configuration",
						  form->cfgnamespace, &form->cfgname, form->cfgowner);
	List	   *mappings = NIL;
	StringInfoData out;

	if (object == NULL)
		return;
	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s)",
					 catalog_other_name(object), catalog_ts_parser(r, form->cfgparser));
	r->current = &mappings;
	catalog_scan_key(r, TSConfigMapRelationId, TSConfigMapIndexId, Anum_pg_ts_config_map_mapcfg,
					 form->oid, add_mapping);
	append_mappings(r, &out, object, form->cfgparser, mappings);
	object->definition = out.data;
}

/*
 * The kind is part of the key: a collation and an operator class may share a
 * name.  An owner of zero is none.
 */
SchemaOther *
catalog_add_other(CatalogReader *r, Oid class, Oid oid, const char *kind, Oid namespace,
				  const NameData *name, Oid owner)
{
	const char *schema = catalog_find_namespace(r, namespace);
	SchemaOther *object;

	if (schema == NULL || catalog_is_member(r, class, oid))
		return NULL;
	object = schema_new(&schema_other_kind);
	object->object.schema = unconstify(char *, schema);
	object->object.name = pstrdup(NameStr(*name));
	object->object.signature = unconstify(char *, kind);
	object->object.oid = oid;
	if (OidIsValid(owner))
		object->object.owner = catalog_role(r, owner);
	object->object.comment = catalog_comment(r, class, oid, 0);
	object->kind = unconstify(char *, kind);
	object->class = class;
	r->schema->others = lappend(r->schema->others, object);
	return object;
}

char *
catalog_other_name(const SchemaOther *object)
{
	return quote_qualified_identifier(object->object.schema, object->object.name);
}

void
catalog_read_others(CatalogReader *r)
{
	catalog_scan(r, CollationRelationId, add_collation);
	catalog_scan(r, ConversionRelationId, add_conversion);
	catalog_scan(r, TSParserRelationId, add_parser);
	catalog_scan(r, TSTemplateRelationId, add_template);
	catalog_scan(r, TSDictionaryRelationId, add_dictionary);
	catalog_scan(r, TSConfigRelationId, add_configuration);
}
