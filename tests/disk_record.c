/* disk_record.c -- see disk_record.h. */
#include "disk_record.h"
#include "base/alloc.h"
#include "base/map.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 65536
#define NO_INODE UINT32_MAX

static struct {
    pthread_mutex_t mutex; /* all of it */
    struct disk_log *log;
    char directory[512];
    struct weft_map names;                 /* name -> inode + 1; 0: gone */
    uint32_t inode_of_fd[DESCRIPTORS_MAX]; /* + 1 */
} now = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static char *copy_c(const char *s)
{
    size_t size = strlen(s) + 1;
    return memcpy(weft_alloc(size), s, size);
}

static struct disk_event *event_add(enum disk_event_kind kind)
{
    struct disk_log *log = now.log;
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 256 : log->capacity * 2;
        log->events = weft_realloc_array(log->events, log->capacity, sizeof *log->events);
    }
    struct disk_event *event = &log->events[log->count++];
    *event = (struct disk_event){ .kind = kind };
    return event;
}

/* The name within the directory, or NULL: another one, or the directory itself. */
static const char *name_of(const char *path)
{
    size_t len = strlen(now.directory);
    if (strncmp(path, now.directory, len) != 0 || path[len] != '/' || path[len + 1] == '\0')
        return NULL;
    return strchr(path + len + 1, '/') == NULL ? path + len + 1 : NULL;
}

static uint32_t inode_named(const char *name)
{
    const uint64_t *found = weft_map_get(&now.names, weft_str_from_c(name));
    return found != NULL && *found > 0 ? (uint32_t)(*found - 1) : NO_INODE;
}

static void name_set(const char *name, uint32_t inode)
{
    *weft_map_put(&now.names, weft_str_from_c(name), 0, NULL) =
        inode == NO_INODE ? 0 : (uint64_t)inode + 1;
}

static uint32_t inode_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS_MAX && now.inode_of_fd[fd] > 0 ? now.inode_of_fd[fd] - 1
                                                                      : NO_INODE;
}

static uint32_t create(const char *name)
{
    struct disk_event *event = event_add(DISK_CREATE);
    event->inode = now.log->inode_count++;
    event->name = copy_c(name);
    name_set(name, event->inode);
    return event->inode;
}

static void opened(const struct weft_file_event *done)
{
    const char *name = name_of(done->path);
    if (done->fd >= DESCRIPTORS_MAX) return;
    now.inode_of_fd[done->fd] = 0;
    if (name == NULL || (done->flags & O_DIRECTORY) != 0) return;
    uint32_t inode = inode_named(name);
    if (inode == NO_INODE)
        inode = create(name);
    else if ((done->flags & O_TRUNC) != 0)
        event_add(DISK_TRUNCATE)->inode = inode;
    now.inode_of_fd[done->fd] = inode + 1;
}

static void contents_changed(const struct weft_file_event *done, enum disk_event_kind kind)
{
    uint32_t inode = inode_of(done->fd);
    if (inode == NO_INODE) return;
    struct disk_event *event = event_add(kind);
    event->inode = inode;
    event->offset = done->offset;
    event->len = done->len;
    if (kind != DISK_WRITE) return;
    event->bytes = weft_alloc(done->len + 1);
    if (done->bytes != NULL)
        memcpy(event->bytes, done->bytes, done->len);
    else if (pread(done->fd, event->bytes, done->len, (off_t)done->offset) != (ssize_t)done->len)
        abort(); /* copied within the system: the descriptor must be one to read from too */
}

static void names_changed(const struct weft_file_event *done, enum disk_event_kind kind)
{
    const char *name = name_of(done->path), *to = done->to != NULL ? name_of(done->to) : NULL;
    if (name == NULL || (done->to != NULL && to == NULL)) return;
    uint32_t inode = inode_named(name);
    if (inode == NO_INODE) abort(); /* every file was created or taken before our eyes */
    struct disk_event *event = event_add(kind);
    event->inode = inode;
    event->name = copy_c(name);
    event->to = to != NULL ? copy_c(to) : NULL;
    if (to != NULL) name_set(to, inode);
    if (kind != DISK_LINK) name_set(name, NO_INODE);
}

static int before(void *self, enum weft_file_op op, const char *path, size_t *len)
{
    return 0;
}

static void after(void *self, const struct weft_file_event *done)
{
    pthread_mutex_lock(&now.mutex);
    switch (done->op) {
    case WEFT_FILE_OPEN: opened(done); break;
    case WEFT_FILE_WRITE:
    case WEFT_FILE_COPY: contents_changed(done, DISK_WRITE); break;
    case WEFT_FILE_ALLOCATE: contents_changed(done, DISK_GROW); break;
    case WEFT_FILE_TRUNCATE: contents_changed(done, DISK_TRUNCATE); break;
    case WEFT_FILE_SYNC: contents_changed(done, DISK_SYNC); break;
    case WEFT_FILE_SYNC_DIRECTORY:
        if (strcmp(done->path, now.directory) == 0) event_add(DISK_SYNC_NAMES);
        break;
    case WEFT_FILE_RENAME: names_changed(done, DISK_RENAME); break;
    case WEFT_FILE_LINK: names_changed(done, DISK_LINK); break;
    case WEFT_FILE_UNLINK: names_changed(done, DISK_UNLINK); break;
    default: break;
    }
    pthread_mutex_unlock(&now.mutex);
}

static void take_extent(uint32_t inode, int fd, uint64_t from, uint64_t to)
{
    struct disk_event *write = event_add(DISK_WRITE);
    write->inode = inode;
    write->offset = from;
    write->len = to - from;
    write->bytes = weft_alloc(write->len);
    if (weft_file_read_at(fd, "a file", write->bytes, write->len, from, NULL) < 0) abort();
}

/* A file that lies there already; most of a segment is a hole. */
static void take_file(void *arg, const char *name)
{
    char path[1024];
    uint64_t bytes;
    int fd;
    snprintf(path, sizeof path, "%s/%s", now.directory, name);
    if (weft_file_open(&fd, path, O_RDONLY, NULL) < 0 || weft_file_size(fd, path, &bytes, NULL) < 0)
        abort();
    uint32_t inode = create(name);
    for (off_t at = lseek(fd, 0, SEEK_DATA); at >= 0 && (uint64_t)at < bytes;) {
        off_t end = lseek(fd, at, SEEK_HOLE);
        take_extent(inode, fd, (uint64_t)at, (uint64_t)end);
        at = lseek(fd, end, SEEK_DATA);
    }
    struct disk_event *grow = event_add(DISK_GROW);
    grow->inode = inode;
    grow->len = bytes;
    event_add(DISK_SYNC)->inode = inode;
    weft_file_close(&fd);
}

void disk_record_start(struct disk_log *log, const char *directory)
{
    static const struct weft_file_faults table = { before, NULL, after };
    *log = (struct disk_log){ 0 };
    now.log = log;
    memset(now.inode_of_fd, 0, sizeof now.inode_of_fd);
    snprintf(now.directory, sizeof now.directory, "%s", directory);
    weft_map_release(&now.names);
    now.names = (struct weft_map){ 0 };
    if (weft_file_list(directory, take_file, NULL, NULL) < 0) abort();
    event_add(DISK_SYNC_NAMES);
    log->begin = log->count;
    weft_file_set_faults(&table);
}

void disk_record_mark(uint32_t mark, uint32_t value)
{
    pthread_mutex_lock(&now.mutex);
    if (now.log != NULL) {
        struct disk_event *event = event_add(DISK_MARK);
        event->mark = mark;
        event->value = value;
    }
    pthread_mutex_unlock(&now.mutex);
}

void disk_record_stop(void)
{
    weft_file_set_faults(NULL);
    now.log = NULL;
    weft_map_release(&now.names);
    now.names = (struct weft_map){ 0 };
}

void disk_log_release(struct disk_log *log)
{
    for (uint32_t i = 0; i < log->count; i++) {
        weft_free(log->events[i].name);
        weft_free(log->events[i].to);
        weft_free(log->events[i].bytes);
    }
    weft_free(log->events);
    *log = (struct disk_log){ 0 };
}
