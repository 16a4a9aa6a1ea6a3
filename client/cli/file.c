/*
 * file.c
 *		Files of rows: written whole or not at all, compressed by name, read by content.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "cli.h"

#define PIECE 65536
#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip */

typedef enum Compression
{
	PLAIN,
	GZIP,
	ZSTD
} Compression;

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) > strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

const char *
cli_format_of(const char *path)
{
	char		name[4096];

	snprintf(name, sizeof(name), "%s", path);
	if (ends_with(name, ".gz") || ends_with(name, ".zst"))
		*strrchr(name, '.') = '\0';
	return ends_with(name, ".json") ? "json" : "jsonl";
}

bool
cli_make_folder(const char *path)
{
	char		folder[4096];
	char	   *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return true;
	*slash = '\0';
	if (mkdir(folder, 0777) == 0 || errno == EEXIST)
		return true;
	cli_warn("could not make folder \"%s\": %s", folder, strerror(errno));
	return false;
}

/* ---------------------------------------------------------------- writing */

struct CliOutput
{
	int			fd;
	char	   *path;			/* NULL: standard output */
	char	   *temporary;
	Compression compression;
	z_stream	gzip;
	ZSTD_CCtx  *zstd;
	bool		failed;			/* said */
};

/* The temporary file, for whoever ends at once: there is one output at a time. */
static const char *volatile unfinished;

void
cli_output_unlink(void)
{
	const char *path = unfinished;

	if (path != NULL)
		unlink(path);
}

static bool
output_fail(CliOutput *output, const char *what)
{
	if (!output->failed && !cli_interrupted())
		cli_warn("could not write \"%s\": %s",
				 output->path != NULL ? output->path : "standard output", what);
	output->failed = true;
	return false;
}

CliOutput *
cli_output_open(const char *path)
{
	CliOutput  *output = calloc(1, sizeof(CliOutput));
	bool		ok = true;

	if (output == NULL)
	{
		cli_warn("out of memory");
		return NULL;
	}
	output->fd = STDOUT_FILENO;
	if (strcmp(path, "-") != 0)
	{
		output->path = strdup(path);
		if (asprintf(&output->temporary, "%s.%ld.tmp", path, (long) getpid()) < 0)
			output->temporary = NULL;
		output->compression = ends_with(path, ".gz")	? GZIP
							  : ends_with(path, ".zst") ? ZSTD
														: PLAIN;
		if (output->path == NULL || output->temporary == NULL)
			ok = output_fail(output, strerror(ENOMEM));
		else
			output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (ok && output->fd < 0)
			ok = output_fail(output, strerror(errno));
		unfinished = ok ? output->temporary : NULL;
	}
	if (ok && output->compression == GZIP)
		ok = deflateInit2(&output->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
						  Z_DEFAULT_STRATEGY) == Z_OK;
	if (ok && output->compression == ZSTD)
		ok = (output->zstd = ZSTD_createCCtx()) != NULL;
	if (!ok)
	{
		cli_output_abandon(output);
		return NULL;
	}
	return output;
}

static bool
write_all(CliOutput *output, const char *data, size_t size)
{
	while (size > 0)
	{
		ssize_t		put = write(output->fd, data, size);

		if (put < 0 && errno == EINTR && !cli_interrupted())
			continue;
		if (put < 0)
			return output_fail(output, strerror(errno));
		data += put;
		size -= (size_t) put;
	}
	return true;
}

static bool
write_gzip(CliOutput *output, const char *data, size_t size, bool end)
{
	char		piece[PIECE];
	int			answer;

	output->gzip.next_in = (Bytef *) data;
	output->gzip.avail_in = (uInt) size;
	do
	{
		output->gzip.next_out = (Bytef *) piece;
		output->gzip.avail_out = sizeof(piece);
		answer = deflate(&output->gzip, end ? Z_FINISH : Z_NO_FLUSH);
		if (!write_all(output, piece, sizeof(piece) - output->gzip.avail_out))
			return false;
	} while (output->gzip.avail_out == 0 || (end && answer == Z_OK));
	return true;
}

static bool
write_zstd(CliOutput *output, const char *data, size_t size, bool end)
{
	char		piece[PIECE];
	ZSTD_inBuffer in = {data, size, 0};
	size_t		left;

	do
	{
		ZSTD_outBuffer out = {piece, sizeof(piece), 0};

		left = ZSTD_compressStream2(output->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return output_fail(output, ZSTD_getErrorName(left));
		if (!write_all(output, piece, out.pos))
			return false;
	} while (end ? left > 0 : in.pos < in.size);
	return true;
}

static bool
output_put(CliOutput *output, const char *data, size_t size, bool end)
{
	switch (output->compression)
	{
		case GZIP:
			return write_gzip(output, data, size, end);
		case ZSTD:
			return write_zstd(output, data, size, end);
		default:
			return write_all(output, data, size);
	}
}

bool
cli_output_write(CliOutput *output, const char *data, size_t size)
{
	return output_put(output, data, size, false);
}

/* The new name is on disk before it is told. */
static bool
output_rename(CliOutput *output)
{
	char		folder[4096];
	char	   *slash;
	int			fd;

	if (fsync(output->fd) != 0 || close(output->fd) != 0)
		return output_fail(output, strerror(errno));
	output->fd = -1;
	if (rename(output->temporary, output->path) != 0)
		return output_fail(output, strerror(errno));
	unfinished = NULL;
	free(output->temporary);
	output->temporary = NULL;
	snprintf(folder, sizeof(folder), "%s", output->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[1] = '\0';
	fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
	{
		(void) fsync(fd);
		close(fd);
	}
	return true;
}

bool
cli_output_commit(CliOutput *output)
{
	bool		ok = output_put(output, "", 0, true);

	if (ok && output->path != NULL)
		ok = output_rename(output);
	cli_output_abandon(output);
	return ok;
}

void
cli_output_abandon(CliOutput *output)
{
	if (output == NULL)
		return;
	if (output->compression == GZIP)
		deflateEnd(&output->gzip);
	ZSTD_freeCCtx(output->zstd);
	if (output->path != NULL && output->fd >= 0)
		close(output->fd);
	cli_output_unlink();
	unfinished = NULL;
	free(output->temporary);
	free(output->path);
	free(output);
}

/* ---------------------------------------------------------------- reading */

struct CliInput
{
	int			fd;
	char	   *path;
	int64_t		size;
	int64_t		consumed;
	Compression compression;
	z_stream	gzip;
	ZSTD_DCtx  *zstd;
	bool		in_frame;		/* the compressed stream has not ended */
	char		piece[PIECE];	/* read, not yet given out: [start, end) */
	size_t		start;
	size_t		end;
};

static int64_t
input_fail(CliInput *input, const char *what)
{
	if (!cli_interrupted())
		cli_warn("could not read \"%s\": %s", input->path != NULL ? input->path : "?", what);
	return -1;
}

/* Read more into an empty piece; 0: the end, -1: said */
static int64_t
input_fill(CliInput *input)
{
	ssize_t		got;

	do
		got =
			cli_wait_readable(input->fd) ? read(input->fd, input->piece, sizeof(input->piece)) : -1;
	while (got < 0 && errno == EINTR && !cli_interrupted());
	if (got < 0)
		return input_fail(input, strerror(errno));
	input->start = 0;
	input->end = (size_t) got;
	input->consumed += got;
	return got;
}

static bool
input_begin(CliInput *input)
{
	static const char gzip_magic[] = "\x1f\x8b";
	static const char zstd_magic[] = "\x28\xb5\x2f\xfd";

	if (input_fill(input) < 0)
		return false;
	if (input->end >= 2 && memcmp(input->piece, gzip_magic, 2) == 0)
		input->compression = GZIP;
	else if (input->end >= 4 && memcmp(input->piece, zstd_magic, 4) == 0)
		input->compression = ZSTD;
	input->in_frame = input->compression != PLAIN;
	if (input->compression == GZIP)
		return inflateInit2(&input->gzip, GZIP_WINDOW) == Z_OK;
	if (input->compression == ZSTD)
		return (input->zstd = ZSTD_createDCtx()) != NULL;
	return true;
}

CliInput *
cli_input_open(const char *path)
{
	CliInput   *input = calloc(1, sizeof(CliInput));
	struct stat status;

	if (input == NULL)
	{
		cli_warn("out of memory");
		return NULL;
	}
	input->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	input->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0)
		input_fail(input, strerror(errno));
	else if (fstat(input->fd, &status) == 0 && S_ISREG(status.st_mode))
		input->size = status.st_size;
	if (input->fd < 0 || !input_begin(input))
	{
		cli_input_free(input);
		return NULL;
	}
	return input;
}

static int64_t
read_gzip(CliInput *input, char *data, size_t size)
{
	int			answer;

	input->gzip.next_out = (Bytef *) data;
	input->gzip.avail_out = (uInt) size;
	while (input->gzip.avail_out == size)
	{
		if (input->start == input->end)
		{
			int64_t		got = input_fill(input);

			if (got < 0)
				return -1;
			if (got == 0)
				return input->in_frame ? input_fail(input, "the compressed data is cut off") : 0;
		}
		/* another member may follow */
		if (!input->in_frame)
			inflateReset(&input->gzip);
		input->in_frame = true;
		input->gzip.next_in = (Bytef *) input->piece + input->start;
		input->gzip.avail_in = (uInt) (input->end - input->start);
		answer = inflate(&input->gzip, Z_NO_FLUSH);
		input->start = input->end - input->gzip.avail_in;
		if (answer == Z_STREAM_END)
			input->in_frame = false;
		else if (answer != Z_OK && answer != Z_BUF_ERROR)
			return input_fail(input,
							  input->gzip.msg != NULL ? input->gzip.msg : "damaged gzip data");
	}
	return (int64_t) (size - input->gzip.avail_out);
}

static int64_t
read_zstd(CliInput *input, char *data, size_t size)
{
	ZSTD_outBuffer out = {data, size, 0};

	while (out.pos == 0)
	{
		ZSTD_inBuffer in;
		size_t		left;

		if (input->start == input->end)
		{
			int64_t		got = input_fill(input);

			if (got < 0)
				return -1;
			if (got == 0)
				return input->in_frame ? input_fail(input, "the compressed data is cut off") : 0;
		}
		in = (ZSTD_inBuffer){input->piece + input->start, input->end - input->start, 0};
		left = ZSTD_decompressStream(input->zstd, &out, &in);
		input->start += in.pos;
		if (ZSTD_isError(left))
			return input_fail(input, ZSTD_getErrorName(left));
		input->in_frame = left > 0;
	}
	return (int64_t) out.pos;
}

int64_t
cli_input_read(CliInput *input, char *data, size_t size)
{
	size_t		part;

	if (input->compression == GZIP)
		return read_gzip(input, data, size);
	if (input->compression == ZSTD)
		return read_zstd(input, data, size);
	if (input->start == input->end)
	{
		int64_t		got = input_fill(input);

		if (got <= 0)
			return got;
	}
	part = input->end - input->start < size ? input->end - input->start : size;
	memcpy(data, input->piece + input->start, part);
	input->start += part;
	return (int64_t) part;
}

int64_t
cli_input_size(const CliInput *input)
{
	return input->size;
}

int64_t
cli_input_consumed(const CliInput *input)
{
	return input->consumed;
}

bool
cli_input_check_tail(CliInput *input)
{
	dba_error  *error = NULL;
	bool		ok;

	if (input->compression != PLAIN || input->size == 0)
		return true;
	ok = dba_backup_check_tail(input->fd, &error);
	if (!ok)
		cli_warn("\"%s\": %s", input->path, dba_error_message(error));
	dba_error_free(error);
	/* the check rewound it */
	input->start = input->end = 0;
	input->consumed = 0;
	return ok;
}

void
cli_input_free(CliInput *input)
{
	if (input == NULL)
		return;
	if (input->compression == GZIP)
		inflateEnd(&input->gzip);
	ZSTD_freeDCtx(input->zstd);
	if (input->fd >= 0)
		close(input->fd);
	free(input->path);
	free(input);
}
