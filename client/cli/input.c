/*
 * input.c
 *		Files of rows, plain or compressed, known by their first bytes.
 *
 * A name says nothing here: what a browser or a mail has renamed is read all the same, and
 * standard input has no name.  A compressed file that ends within a frame is cut off, and
 * that is an error, never a shorter file.
 *
 * The reader never seeks but for the check of a regular file's tail, so that a pipe, a
 * socket and a file are read alike.
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

/* A file that is read once, from its beginning, compressed or not. */
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

/* Said here; readers only pass -1 on. */
static int64_t
input_fail(CliInput *input, const char *what)
{
	if (!signals_interrupted())
		message_warn("could not read \"%s\": %s", input->path != NULL ? input->path : "?", what);
	return -1;
}

/* Read more into an empty piece; 0: the end, -1: said */
static int64_t
input_fill(CliInput *input)
{
	ssize_t		got;

	do
		got = signals_wait_readable(input->fd) ? read(input->fd, input->piece, sizeof(input->piece))
											   : -1;
	while (got < 0 && (errno == EINTR || errno == EAGAIN) && !signals_interrupted());
	if (got < 0)
		return input_fail(input, strerror(errno));
	input->start = 0;
	input->end = (size_t) got;
	input->consumed += got;
	return got;
}

/* By content: a name says nothing of what it holds. */
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

/* Compression is told by the first bytes, not by the name: a pipe has none. */
CliInput *
input_open(const char *path)
{
	CliInput   *input = calloc(1, sizeof(CliInput));
	struct stat status;

	if (input == NULL)
	{
		message_warn("out of memory");
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
		input_free(input);
		return NULL;
	}
	return input;
}

/* Something to decompress; 0: the end, where one may be; -1: said. */
static int64_t
input_need(CliInput *input)
{
	int64_t		got = (int64_t) (input->end - input->start);

	if (got == 0)
		got = input_fill(input);
	if (got == 0 && input->in_frame)
		return input_fail(input, "the compressed data is cut off");
	return got;
}

/* Members may follow one another, as `cat a.gz b.gz` makes them. */
static int64_t
read_gzip(CliInput *input, char *data, size_t size)
{
	int			answer;

	input->gzip.next_out = (Bytef *) data;
	input->gzip.avail_out = (uInt) size;
	while (input->gzip.avail_out == size)
	{
		int64_t		got = input_need(input);

		if (got <= 0)
			return got;
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

/* Frames too. */
static int64_t
read_zstd(CliInput *input, char *data, size_t size)
{
	ZSTD_outBuffer out = {data, size, 0};

	while (out.pos == 0)
	{
		ZSTD_inBuffer in;
		size_t		left;

		int64_t		got = input_need(input);

		if (got <= 0)
			return got;
		in = (ZSTD_inBuffer){input->piece + input->start, input->end - input->start, 0};
		left = ZSTD_decompressStream(input->zstd, &out, &in);
		input->start += in.pos;
		if (ZSTD_isError(left))
			return input_fail(input, ZSTD_getErrorName(left));
		input->in_frame = left > 0;
	}
	return (int64_t) out.pos;
}

/*
 * 0 is the end, -1 a failure that has been said.  Fewer bytes than asked for mean nothing.
 */
int64_t
input_read(CliInput *input, char *data, size_t size)
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

/* 0 where it is not known: a pipe, a device. */
int64_t
input_size(const CliInput *input)
{
	return input->size;
}

/* Of the file as it lies there, compressed: what can be compared with its size. */
int64_t
input_consumed(const CliInput *input)
{
	return input->consumed;
}

/* Only a plain regular file can be asked for its end before its beginning is read. */
bool
input_check_tail(CliInput *input)
{
	dba_error  *error = NULL;
	bool		ok;

	if (input->compression != PLAIN || input->size == 0)
		return true;
	ok = dba_backup_check_tail(input->fd, &error);
	if (!ok)
		message_warn("\"%s\": %s", input->path, dba_error_message(error));
	dba_error_free(error);
	/* the check rewound it */
	input->start = input->end = 0;
	input->consumed = 0;
	return ok;
}

void
input_free(CliInput *input)
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
