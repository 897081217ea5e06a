/**
 * @file runtime/manifest.h
 * @brief The bytes of a checkpoint's _metadata: one MessagePack map, then its XXH3.
 */
#ifndef WEIR_RUNTIME_MANIFEST_H
#define WEIR_RUNTIME_MANIFEST_H

#include "runtime/checkpoint_storage.h"

enum weir_status weir_manifest_write(const struct weir_manifest *manifest, struct weir_buf *out,
                                     struct weir_error *err);
/** @retval WEIR_E_DAMAGED torn, changed or not one; the words say what, without the file's name. `out` needs no fini
 * then */
enum weir_status weir_manifest_read(struct weir_view bytes, struct weir_manifest *out, struct weir_error *err);

#endif
