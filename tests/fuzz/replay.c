/*
 * replay.c - runs every file of the folders given through one fuzz target: what a fuzzer found once stays a test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are in a block of exactly their size, so that a sanitizer sees a read past them. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    long len = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *data = len >= 0 ? malloc((size_t)len + (len == 0)) : NULL;
    int ok = data != NULL && fseek(file, 0, SEEK_SET) == 0 && fread(data, 1, (size_t)len, file) == (size_t)len;

    if (ok)
        LLVMFuzzerTestOneInput(data, (size_t)len);
    else
        perror(path);
    free(data);
    if (file != NULL)
        fclose(file);
    return ok;
}

static int replay_folder(const char *folder, int *count)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[4096];
    int ok = dir != NULL;

    if (dir == NULL)
        perror(folder);
    while (ok && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        printf("%s\n", path); /* before the run: the one that crashes is the last one named */
        fflush(stdout);
        ok = replay_file(path);
        ++*count;
    }
    if (dir != NULL)
        closedir(dir);
    return ok;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        if (!replay_folder(argv[i], &count))
            return 1;
    }
    printf("%d inputs\n", count);
    return count == 0; /* a corpus that is gone is no pass */
}
