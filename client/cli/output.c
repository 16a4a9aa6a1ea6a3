/*
 * output.c
 *		Files of rows, written whole or not at all, compressed by name.
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
#include "file.h"

#define PIECE 65536
#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip */

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

static bool
output_fail(CliOutput *output, const char *what)
{
	if (!output->failed && !signals_interrupted())
		message_warn("could not write \"%s\": %s",
					 output->path != NULL ? output->path : "standard output", what);
	output->failed = true;
	return false;
}

CliOutput *
output_open(const char *path)
{
	CliOutput  *output = calloc(1, sizeof(CliOutput));
	bool		ok = true;

	if (output == NULL)
	{
		message_warn("out of memory");
		return NULL;
	}
	output->fd = STDOUT_FILENO;
	if (strcmp(path, "-") != 0)
	{
		output->path = strdup(path);
		if (asprintf(&output->temporary, "%s.%ld.tmp", path, (long) getpid()) < 0)
			output->temporary = NULL;
		output->compression = file_ends_with(path, ".gz")	 ? GZIP
							  : file_ends_with(path, ".zst") ? ZSTD
															 : PLAIN;
		if (output->path == NULL || output->temporary == NULL)
			ok = output_fail(output, strerror(ENOMEM));
		else
			output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (ok && output->fd < 0)
			ok = output_fail(output, strerror(errno));
		signals_unfinished = ok ? output->temporary : NULL;
	}
	if (ok && output->compression == GZIP)
		ok = deflateInit2(&output->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
						  Z_DEFAULT_STRATEGY) == Z_OK;
	if (ok && output->compression == ZSTD)
		ok = (output->zstd = ZSTD_createCCtx()) != NULL;
	if (!ok)
	{
		output_abandon(output);
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

		if (put < 0 && errno == EINTR && !signals_interrupted())
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
output_write(CliOutput *output, const char *data, size_t size)
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
	signals_unfinished = NULL;
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
output_commit(CliOutput *output)
{
	bool		ok = output_put(output, "", 0, true);

	if (ok && output->path != NULL)
		ok = output_rename(output);
	output_abandon(output);
	return ok;
}

void
output_abandon(CliOutput *output)
{
	if (output == NULL)
		return;
	if (output->compression == GZIP)
		deflateEnd(&output->gzip);
	ZSTD_freeCCtx(output->zstd);
	if (output->path != NULL && output->fd >= 0)
		close(output->fd);
	signals_unlink_unfinished();
	signals_unfinished = NULL;
	free(output->temporary);
	free(output->path);
	free(output);
}
