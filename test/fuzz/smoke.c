/*
 * smoke.c
 *		Runs a fuzz target once over each file given, for where no fuzzer is to be had.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run_file(const char *path)
{
	FILE	   *file = fopen(path, "rb");
	uint8_t	   *data = malloc(1 << 20);
	uint8_t	   *exact;
	size_t		size;

	if (file == NULL)
	{
		perror(path);
		exit(1);
	}
	size = fread(data, 1, 1 << 20, file);
	fclose(file);
	/* Of the very size, so that a step behind it is seen. */
	exact = malloc(size > 0 ? size : 1);
	for (size_t i = 0; i < size; i++)
		exact[i] = data[i];
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	free(data);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	return 0;
}
