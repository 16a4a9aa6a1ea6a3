/*
 * fuzz_row.c
 *		The reader of one row: whatever the bytes, it stays inside them, and what it
 *		accepts it leaves terminated.
 */
#include "postgres.h"

#include "data/row/rowreader.h"

#define NCOLUMNS 5

extern int LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

static void
check_field(const RowField *field, const char *buffer, size_t size)
{
	if (field->kind == FIELD_ABSENT)
		return;
	if (field->data < buffer || field->data + field->len > buffer + size ||
		field->data[field->len] != '\0')
		__builtin_trap();
	if (field->kind == FIELD_NULL && memcmp(field->data, "null", 4) != 0)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static const char *names[NCOLUMNS] = {"id", "slug", "user_id", "table", "\303\251"};
	int			lengths[NCOLUMNS];
	short		slots[16];
	RowShape	shape;
	RowField	fields[NCOLUMNS];
	RowError	error;
	char	   *buffer;

	for (int i = 0; i < NCOLUMNS; i++)
		lengths[i] = strlen(names[i]);
	if (size == 0 || row_shape_slots(NCOLUMNS) > 16)
		return 0;
	row_shape_init(&shape, names, lengths, NCOLUMNS, slots);
	shape.lenient = data[0] & 1;
	shape.drop_unknown = (data[0] & 2) != 0;
	buffer = malloc(size);
	memcpy(buffer, data + 1, size - 1);
	buffer[size - 1] = '!';
	if (row_read(&shape, buffer, size - 1, fields, &error))
		for (int i = 0; i < NCOLUMNS; i++)
			check_field(&fields[i], buffer, size - 1);
	else if (error.message == NULL)
		__builtin_trap();
	/* The byte behind the row is nobody's to write. */
	if (buffer[size - 1] != '!')
		__builtin_trap();
	free(buffer);
	return 0;
}
