/* ui_files.h -- the files of the web interface, inside the program.
 *
 * Shape      a table by path; tools/embed_ui makes its source from what ui/build.mjs writes, or, where weft is built without
 *            Node, from src/server/ui_missing/: a page that says so
 * Ownership  static, read-only
 */
#ifndef WEFT_SERVER_UI_FILES_H
#define WEFT_SERVER_UI_FILES_H
#include "base/str.h"

struct weft_ui_file {
    const char *path;  /* "/assets/main-3fa2.js", "/index.html" */
    const char *type;  /* media type */
    const char *etag;  /* of the content, whatever its encoding: W/"..." */
    bool is_immutable; /* another content has another path */
    size_t len;        /* as it is */
    struct weft_str gzip;
    struct weft_str brotli; /* empty: hardly smaller */
};
extern const struct weft_ui_file weft_ui_files[]; /* sorted */
extern const uint32_t weft_ui_file_count;

#endif
