/*
 * folder.c - the files of a container's folder.
 */
#include "store/container/folder.h"

#include <stdlib.h>
#include <string.h>

static enum weir_status note_number(struct weir_file_numbers *numbers, uint64_t number)
{
    if (numbers->count == numbers->cap) {
        size_t cap = numbers->cap > 0 ? numbers->cap * 2 : 16;
        uint64_t *items = realloc(numbers->items, cap * sizeof(*items));

        if (items == NULL)
            return WEIR_E_NOMEM;
        numbers->items = items;
        numbers->cap = cap;
    }
    numbers->items[numbers->count++] = number;
    return WEIR_OK;
}

static enum weir_status note_name(void *arg, const char *name, bool is_dir)
{
    struct weir_folder *folder = arg;
    uint64_t number;

    if (is_dir)
        return WEIR_OK;
    for (int kind = WEIR_PATH_LOG; kind <= WEIR_PATH_CHUNK; kind++)
        if (weir_store_path_parse(name, (enum weir_path_kind)kind, &number))
            return note_number(&folder->kinds[kind], number);
    folder->has_temporary |= strcmp(name, WEIR_STORE_CHECKPOINT_TEMPORARY) == 0;
    folder->has_reached |= strcmp(name, WEIR_STORE_REACHED) == 0;
    folder->has_reached_temporary |= strcmp(name, WEIR_STORE_REACHED_TEMPORARY) == 0;
    return WEIR_OK;
}

enum weir_status weir_folder_list(struct weir_fs *fs, const char *dir, struct weir_folder *out, struct weir_error *err)
{
    enum weir_status status = weir_fs_list(fs, dir, note_name, out, err);

    return status == WEIR_E_NOMEM ? weir_fail(err, status, "out of memory to list %s", dir) : status;
}

void weir_folder_fini(struct weir_folder *folder)
{
    for (int kind = WEIR_PATH_LOG; kind <= WEIR_PATH_CHUNK; kind++)
        free(folder->kinds[kind].items);
    *folder = (struct weir_folder){0};
}

enum weir_status weir_folder_check_roots(const struct weir_folder *folder, const char *dir, struct weir_error *err)
{
    size_t root_count = folder->kinds[WEIR_PATH_CHECKPOINT].count + folder->kinds[WEIR_PATH_LOG].count;

    if (folder->kinds[WEIR_PATH_CHUNK].count == 0 || root_count > 0)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_DAMAGED, "%s has chunks of data, but neither a checkpoint nor a log that says whose",
                     dir);
}

static enum weir_status read_open_file(struct weir_file *file, const char *path, struct weir_block **out,
                                       struct weir_error *err)
{
    uint64_t size;
    enum weir_status status = weir_file_size(file, &size, err);
    struct weir_block *block;

    if (status != WEIR_OK)
        return status;
    block = weir_block_new(size);
    if (block == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory to read %s", path);
    status = weir_file_read_at(file, block->bytes, size, 0, &block->len, err);
    if (status == WEIR_OK)
        *out = block;
    else
        weir_block_unref(block);
    return status;
}

enum weir_status weir_folder_read(struct weir_fs *fs, const char *path, struct weir_block **out, struct weir_error *err)
{
    struct weir_file *file;
    enum weir_status status = weir_fs_open(fs, path, WEIR_OPEN_READ, &file, err);

    if (status != WEIR_OK)
        return status;
    status = read_open_file(file, path, out, err);
    weir_file_close(file);
    return status;
}
