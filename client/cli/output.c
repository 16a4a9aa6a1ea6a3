/*
 * output.c
 *		Files of rows, written whole or not at all, compressed by name.
 *
 * The name decides the compression, since who writes a file chooses its name; reading goes
 * by content (input.c).  What has been written counts only when the end has: compressors
 * keep a tail, disks fill up at the last block, and some file systems tell at close() only.
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
#include "print.h"

#define PIECE 65536
#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip */

/* A file that appears when it is whole, or standard output. */
struct CliOutput
{
	char	   *path;			/* NULL: standard output */
	Target		target;
	Compression compression;
	z_stream	gzip;
	ZSTD_CCtx  *zstd;
	FILE	   *terminal;		/* that it goes to; nothing in the rows may drive it */
	bool		failed;			/* said */
};

/* Said once: what fails after the first failure is its echo. */
static bool
output_fail(CliOutput *output, const char *what)
{
	if (!output->failed && !signals_interrupted())
		message_warn("could not write \"%s\": %s",
					 output->path != NULL ? output->path : "standard output", what);
	output->failed = true;
	return false;
}

/* Standard output as the target. */
static bool
open_stdout(CliOutput *output)
{
	int			flags = fcntl(STDOUT_FILENO, F_GETFL);

	output->target = (Target){.fd = -1, .dir = -1, .in_place = true};
	/* as it was closed when we came */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return output_fail(output, "it is closed, or cannot be written to");
	output->target.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return output->target.fd >= 0 || output_fail(output, strerror(errno));
}

/* Compression is told by the name, which the user has chosen for that. */
static bool
open_path(CliOutput *output, const char *path, bool overwrite)
{
	const char *why;

	output->path = strdup(path);
	if (output->path == NULL)
		return output_fail(output, strerror(ENOMEM));
	output->compression = file_ends_with(path, ".gz")	 ? GZIP
						  : file_ends_with(path, ".zst") ? ZSTD
														 : PLAIN;
	why = target_open(&output->target, path, overwrite);
	return why == NULL || output_fail(output, why);
}

/* NULL: said.  Nothing is at path yet; a file beside it grows. */
CliOutput *
output_open(const char *path, bool overwrite)
{
	CliOutput  *output = calloc(1, sizeof(CliOutput));
	bool		ok;

	if (output == NULL)
	{
		message_warn("out of memory");
		return NULL;
	}
	output->target.fd = output->target.dir = -1;
	ok = strcmp(path, "-") == 0 ? open_stdout(output) : open_path(output, path, overwrite);
	if (ok && output->compression == GZIP)
		ok = deflateInit2(&output->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
						  Z_DEFAULT_STRATEGY) == Z_OK;
	if (ok && output->compression == ZSTD)
		ok = (output->zstd = ZSTD_createCCtx()) != NULL;
	if (ok && isatty(output->target.fd))
		ok = (output->terminal = terminal_open(output->target.fd)) != NULL;
	if (!ok)
	{
		output_abandon(output);
		return NULL;
	}
	return output;
}

/* /dev/stdout, /dev/fd/1 and a link to either are standard output too. */
bool
output_is_stdout(const CliOutput *output)
{
	struct stat ours;
	struct stat standard;

	return output->target.in_place && fstat(output->target.fd, &ours) == 0 &&
		   fstat(STDOUT_FILENO, &standard) == 0 && ours.st_dev == standard.st_dev &&
		   ours.st_ino == standard.st_ino;
}

/* A signal that is not ours to heed interrupts a write, which then goes on. */
static bool
write_all(CliOutput *output, const char *data, size_t size)
{
	if (output->terminal != NULL)
		return (fwrite(data, 1, size, output->terminal) == size && fflush(output->terminal) == 0) ||
			   output_fail(output, strerror(errno));
	while (size > 0)
	{
		ssize_t		put = write(output->target.fd, data, size);

		if (put < 0 && errno == EINTR && !signals_interrupted())
			continue;
		/* somebody else's end of the pipe made it so */
		if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) &&
			signals_wait_writable(output->target.fd))
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

/* end: flushes what the compression has kept. */
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

bool
output_failed(const CliOutput *output)
{
	return output->failed;
}

/* What the compression holds, if anything, and the output itself. */
static const char *
output_free(CliOutput *output)
{
	const char *why;

	if (output->compression == GZIP)
		deflateEnd(&output->gzip);
	ZSTD_freeCCtx(output->zstd);
	if (output->terminal != NULL)
		fclose(output->terminal);
	why = target_abandon(&output->target);
	if (why != NULL)
		output_fail(output, why);
	free(output->path);
	free(output);
	return why;
}

/* Frees it in any case; false: said, and nothing is at path. */
bool
output_commit(CliOutput *output)
{
	bool		ok = output_put(output, "", 0, true);
	const char *why = ok ? target_commit(&output->target) : NULL;

	if (why != NULL)
		ok = output_fail(output, why);
	return output_free(output) == NULL && ok;
}

/* As if it had never been opened. */
void
output_abandon(CliOutput *output)
{
	if (output == NULL)
		return;
	output->failed = true;
	output_free(output);
}
