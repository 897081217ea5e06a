/**
 * @file weir/connectors.h
 * @brief The small sources and sinks: generator, lines of files, print, blackhole.
 *
 * Each constructor takes its options by value's address (copied; what they point to is borrowed and outlives the job),
 * and on a bad one fails into the environment and returns NULL, which weir_env_add_source and weir_add_sink take.
 */
#ifndef WEIR_CONNECTORS_H
#define WEIR_CONNECTORS_H

#include "weir/env.h"
#include "weir/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Elements made from their numbers: upstream's DataGeneratorSource. Numbers are shared out among the subtasks. */
struct weir_generator_options {
    const struct weir_type *type;
    /** Fills `element` (zeroed, type->size bytes) for number `index` 0, 1, ...; views point to memory that stays. */
    void (*generate)(void *arg, int64_t index, void *element);
    /** Event time of the element; NULL: none. */
    int64_t (*timestamp)(void *arg, int64_t index);
    void *arg;
    int64_t count;             /**< elements in all; 0: without end */
    int64_t events_per_second; /**< of all subtasks together; 0: as fast as they are taken */
};
struct weir_source *weir_generator(weir_env *env, const struct weir_generator_options *options);

/** Lines of text files (struct weir_view, without the line end; "\n" or "\r\n"), one file after the other. No path
 * twice. */
struct weir_file_source_options {
    const char *const *paths;
    size_t path_count;
    size_t line_len_max; /**< longer lines are an error that names the file and the offset; 0 means 1 MiB */
};
struct weir_source *weir_file_source(weir_env *env, const struct weir_file_source_options *options);

/** One line for each element to `path`-<subtask>; after a restore it is cut back to the checkpoint: exactly once. Files
 * of subtasks that a smaller parallelism does not have stay, cut back as well. */
struct weir_file_sink_options {
    const char *path;
    struct weir_serialization_schema serialization_schema;
};
struct weir_sink *weir_file_sink(weir_env *env, const struct weir_file_sink_options *options);

/** One line for each element on standard output: a struct's fields as "name=value", other types plainly. */
struct weir_sink *weir_print_sink(weir_env *env, const struct weir_type *type);
/** Takes everything, keeps nothing: for benchmarks. */
struct weir_sink *weir_blackhole_sink(weir_env *env, const struct weir_type *type);

#ifdef __cplusplus
}
#endif

#endif
