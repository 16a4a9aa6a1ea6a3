/*
 * declaration.h
 *	  Declarations as they are stored: what a schema is to be, and whether it has been.
 */
#ifndef DB_ADAPTER_DECLARATION_H
#define DB_ADAPTER_DECLARATION_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum DeclarationMode
{
	MODE_WARN,
	MODE_NOTIFY,
	MODE_ENFORCE
} DeclarationMode;

typedef struct Declaration
{
	char	   *name;
	Oid			owner;			/* InvalidOid: the role does not exist here */
	DeclarationMode mode;
	List	   *schemas;		/* char * */
	int64		relations;		/* how many the document lists, indexes counted */
	int64		constraints;	/* of relations */
	bool		armed;			/* met on this database by this major of the server */
	char	   *schema_sql;		/* of declaration_save() */
	Jsonb	   *document;		/* of declaration_find() and declaration_save() */
} Declaration;

extern DeclarationMode declaration_parse_mode(const char *mode);
extern const char *declaration_mode_name(DeclarationMode mode);

/* Whether the extension is in this database: DROP EXTENSION may have been the DDL. */
extern bool declaration_tables_exist(void);

/* One at a time for each name, to the end of the transaction. */
extern void declaration_lock(const char *name);

/* All, by name, and one or NULL, both without documents; and one with its document. */
extern List *declaration_list(void);
extern Declaration *declaration_look(const char *name);
extern Declaration *declaration_find(const char *name);

/* Replaces one of this name. */
extern void declaration_save(const Declaration *declaration);
extern void declaration_arm(const char *name);
extern void declaration_delete(const char *name);

#endif							/* DB_ADAPTER_DECLARATION_H */
