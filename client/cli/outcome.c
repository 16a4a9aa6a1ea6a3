/*
 * outcome.c
 *		What became of the rows: counts a table, and why rows failed.
 *
 * A restore that counts its failures and goes on has to show some of them: a number alone
 * sends people to the JSON, or nowhere.  Ten a table are enough to see what is wrong.
 */
#include <stdlib.h>

#include "print.h"
#include "command.h"

#define SHOWN_FAILURES 10

void
outcome_print_failures(const dba_result *result)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		cJSON	   *details = dba_result_json(result, i, "failure_details");
		const cJSON *detail;
		int			shown = 0;

		cJSON_ArrayForEach(detail, details)
		{
			char *key = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(detail, "old_pk"));

			if (shown++ < SHOWN_FAILURES)
				fprintf(stderr, "%s, row %s: %s (%s)\n", dba_result_text(result, i, "table"),
						key != NULL ? key : "?", document_text(detail, "error"),
						document_text(detail, "sqlstate"));
			cJSON_free(key);
		}
		cJSON_Delete(details);
	}
}
