/* The C face of liburing that can be held. liburing's interface is mostly inline functions and macros, which
 * no library exports: here each has a symbol, so any language with a C interface can call it. This header
 * needs neither liburing.h nor a header of the kernel's. What liburing exports itself (io_uring_submit,
 * io_uring_register_files and so on) is called as it is.
 *
 * A submission is one call, gauntlet_uring_queue_NAME for each io_uring_prep_NAME: it takes an entry of the
 * submission queue, fills it, and sets flags and user_data. Done by hand these are four steps, and liburing
 * leaves an entry the user_data of the submission before: who forgets the last step has its completion taken
 * for that of another operation.
 *
 * Threads: one thread at a time per ring for all that queues and submits, and one at a time for all that
 * reaps. These may be two threads, unless the ring is made with IORING_SETUP_SINGLE_ISSUER.
 * gauntlet_uring_destroy wants the ring for itself.
 *
 * Ownership: nothing is copied but what an entry holds. Buffers, paths, addresses, timespecs, iovecs and
 * message headers are read or written by the kernel after the call: they stay the kernel's until the
 * operation's last completion. A registered ring of buffers belongs to who made it.
 *
 * Errors are negative errno values. Nothing here prints, aborts or throws. Pointers are not NULL unless it is
 * said that they may be. Numbers named flags, op, advice and so on have the kernel's values
 * (linux/io_uring.h).
 *
 * liburing 2.3 and later will do. An inline function that the one this was compiled for does not have is not
 * in this library: its declaration says since when there is one. The gauntlet_uring_queue_... are always
 * there, and answer -ENOSYS then. */
#ifndef GAUNTLET_SHIM_URING_H
#define GAUNTLET_SHIM_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma GCC visibility push(default)

#ifdef __cplusplus
extern "C" {
#endif

struct io_uring;
struct io_uring_sqe;
struct io_uring_cqe;
struct io_uring_probe;
struct io_uring_buf_ring;
struct io_uring_recvmsg_out;
struct __kernel_timespec;
struct cmsghdr;
struct epoll_event;
struct futex_waitv;
struct iovec;
struct msghdr;
struct open_how;
struct sockaddr;
struct statx;

/* ---- what there is ---- */

/* Of the liburing that this was compiled for. (IO_URING_VERSION_MAJOR, _MINOR; 2.3 has neither) */
unsigned gauntlet_uring_version_major(void);
unsigned gauntlet_uring_version_minor(void);
/* Whether it is older than that. (IO_URING_CHECK_VERSION) */
bool gauntlet_uring_check_version(int major, int minor);

struct gauntlet_uring_inline_function {
  const char* name; /* liburing's: "io_uring_prep_read" */
  unsigned since_major;
  unsigned since_minor;
  bool there; /* the liburing that this was compiled for has it, and this library its symbol */
};

/* All of liburing 2.9. Static. */
const struct gauntlet_uring_inline_function* gauntlet_uring_inline_functions(size_t* count);
/* Whether a function of that name (liburing's) is there; false for a name that is unknown. */
bool gauntlet_uring_has(const char* name);

/* ---- a ring ---- */

struct gauntlet_uring_params {
  uint32_t flags;          /* IORING_SETUP_*; then, those that the ring has: liburing adds some */
  uint32_t sq_entries;     /* out */
  uint32_t cq_entries;     /* asked for with IORING_SETUP_CQSIZE; then, how many there are */
  uint32_t sq_thread_cpu;  /* with IORING_SETUP_SQ_AFF */
  uint32_t sq_thread_idle; /* milliseconds, with IORING_SETUP_SQPOLL */
  uint32_t wq_fd;          /* with IORING_SETUP_ATTACH_WQ */
  uint32_t features;       /* out: IORING_FEAT_* */
};

/* Makes a ring on the heap, where it stays: it is never to be moved or copied. entries is how many
 * submissions fit, rounded up to a power of two. params may be NULL. Answers 0, or a negative errno and *out
 * is NULL: -ENOSYS no io_uring in this kernel, or hidden by seccomp; -EPERM forbidden, by
 * kernel.io_uring_disabled or seccomp; -ENOMEM no memory, or more than RLIMIT_MEMLOCK allows; -EINVAL entries
 * or flags that cannot be; -EMFILE no descriptor left. */
int gauntlet_uring_create(struct io_uring** out, unsigned entries, struct gauntlet_uring_params* params);

/* Unmaps and closes the ring and frees it. Operations in flight are cancelled by the kernel, in its own time:
 * what they were lent is not free just because this has come back. NULL is nothing to do. A child after
 * fork() may destroy its copy: the parent's ring goes on. It may not, if io_uring_ring_dontfork was called:
 * then the child has the ring's addresses, but not its memory. */
void gauntlet_uring_destroy(struct io_uring* ring);

/* The ring's descriptor, which stays the ring's; -1 if it is registered only. */
int gauntlet_uring_fd(const struct io_uring* ring);
/* IORING_SETUP_* that it was made with, and IORING_FEAT_* of the kernel. */
unsigned gauntlet_uring_flags(const struct io_uring* ring);
unsigned gauntlet_uring_features(const struct io_uring* ring);

/* ---- completions ---- */

struct gauntlet_uring_completion {
  uint64_t user_data;
  int32_t res;    /* what the system call would have answered, or a negative errno */
  uint32_t flags; /* IORING_CQE_F_* */
};

/* Copies up to count completions that are there, oldest first, and gives their places back, all at once.
 * Answers how many. Never waits and never enters the kernel: completions that overflowed the queue, or that
 * wait for deferred task work, come after io_uring_get_events. Of a ring with IORING_SETUP_CQE32 the second
 * half is left out. */
unsigned gauntlet_uring_reap(struct io_uring* ring, struct gauntlet_uring_completion* into, unsigned count);

/* Completions that are there, where they are. */
struct gauntlet_uring_run {
  const struct io_uring_cqe*
      first;      /* the oldest; the next is 1 << gauntlet_uring_cqe_shift(ring) behind it */
  unsigned count; /* of those that lie side by side */
  unsigned left;  /* of those that are there, too, at the queue's beginning */
};

/* Shows what is there and takes nothing: gauntlet_uring_cq_advance gives back as many as were looked at.
 * Never waits and never enters the kernel, as gauntlet_uring_reap. */
struct gauntlet_uring_run gauntlet_uring_peek_run(const struct io_uring* ring);

/* What one says that io_uring_peek_cqe or io_uring_wait_cqe found. */
void gauntlet_uring_cqe_copy(const struct io_uring_cqe* cqe, struct gauntlet_uring_completion* into);

/* Shows all that are there and takes none: gauntlet_uring_cq_advance does, by the number that this answers.
 * visit answers 0 to go on; otherwise the one it was shown is the last that is counted.
 * (io_uring_for_each_cqe) */
unsigned gauntlet_uring_for_each_cqe(const struct io_uring* ring,
                                     int (*visit)(void* user, const struct io_uring_cqe* cqe), void* user);

/* ---- submissions in one step ----
 *
 * Each answers 0; -EAGAIN if the submission queue is full: io_uring_submit first; -ENOSYS if the liburing
 * that this was compiled for has no such function. Then nothing is queued. What is queued waits for
 * io_uring_submit. Nothing of the submission that had the same place before is left.
 *
 * The parameters are those of the io_uring_prep_ function of the same name, behind its sqe. Where they name a
 * file_index, UINT32_MAX - 1 asks the kernel for a free one; UINT32_MAX does only from liburing 2.4 on. */
struct gauntlet_uring_entry {
  uint64_t user_data;   /* comes back in the completion */
  uint8_t flags;        /* IOSQE_*: besides those that the function sets itself */
  uint16_t ioprio;      /* an I/O priority, or flags such as IORING_RECVSEND_POLL_FIRST: or-ed in likewise */
  uint16_t buf_group;   /* with IOSQE_BUFFER_SELECT here; a parameter of the function goes before it */
  uint16_t personality; /* of io_uring_register_personality, or 0 */
};

/* Nothing, and anything: op is IORING_OP_*. */
int gauntlet_uring_queue_nop(struct io_uring* ring, struct gauntlet_uring_entry entry);
int gauntlet_uring_queue_rw(struct io_uring* ring, struct gauntlet_uring_entry entry, int op, int fd,
                            const void* addr, unsigned len, uint64_t offset);

/* Reading and writing. offset (uint64_t)-1 is the file's own position; flags are RWF_*; buf_index is of a
 * registered buffer, inside which buf lies. */
int gauntlet_uring_queue_read(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd, void* buf,
                              unsigned nbytes, uint64_t offset);
int gauntlet_uring_queue_write(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                               const void* buf, unsigned nbytes, uint64_t offset);
int gauntlet_uring_queue_readv(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                               const struct iovec* iovecs, unsigned nr_vecs, uint64_t offset);
int gauntlet_uring_queue_writev(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                const struct iovec* iovecs, unsigned nr_vecs, uint64_t offset);
int gauntlet_uring_queue_readv2(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                const struct iovec* iovecs, unsigned nr_vecs, uint64_t offset, int flags);
int gauntlet_uring_queue_writev2(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                 const struct iovec* iovecs, unsigned nr_vecs, uint64_t offset, int flags);
int gauntlet_uring_queue_read_fixed(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                    void* buf, unsigned nbytes, uint64_t offset, int buf_index);
int gauntlet_uring_queue_write_fixed(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                     const void* buf, unsigned nbytes, uint64_t offset, int buf_index);
/* since 2.6 */
int gauntlet_uring_queue_read_multishot(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                        unsigned nbytes, uint64_t offset, int buf_group);

/* Files. offset and len are bytes; mode of fallocate is FALLOC_FL_*. */
int gauntlet_uring_queue_fsync(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                               unsigned fsync_flags);
int gauntlet_uring_queue_sync_file_range(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                         unsigned len, uint64_t offset, int flags);
int gauntlet_uring_queue_fallocate(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd, int mode,
                                   uint64_t offset, uint64_t len);
/* since 2.6 */
int gauntlet_uring_queue_ftruncate(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                   int64_t len);
int gauntlet_uring_queue_fadvise(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                 uint64_t offset, uint32_t len, int advice);
/* since 2.7 */
int gauntlet_uring_queue_fadvise64(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                   uint64_t offset, int64_t len, int advice);
int gauntlet_uring_queue_madvise(struct io_uring* ring, struct gauntlet_uring_entry entry, void* addr,
                                 uint32_t length, int advice);
/* since 2.7 */
int gauntlet_uring_queue_madvise64(struct io_uring* ring, struct gauntlet_uring_entry entry, void* addr,
                                   int64_t length, int advice);
int gauntlet_uring_queue_statx(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                               const char* path, int flags, unsigned mask, struct statx* statxbuf);
/* since 2.8 */
int gauntlet_uring_queue_cmd_discard(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                     uint64_t offset, uint64_t nbytes);

/* Opening and closing. _direct: into the ring's own table of files, at file_index. */
int gauntlet_uring_queue_openat(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                const char* path, int flags, mode_t mode);
int gauntlet_uring_queue_openat_direct(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                       const char* path, int flags, mode_t mode, unsigned file_index);
/* since 2.8 */
int gauntlet_uring_queue_open(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* path,
                              int flags, mode_t mode);
/* since 2.8 */
int gauntlet_uring_queue_open_direct(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                     const char* path, int flags, mode_t mode, unsigned file_index);
int gauntlet_uring_queue_openat2(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                 const char* path, struct open_how* how);
int gauntlet_uring_queue_openat2_direct(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                        const char* path, struct open_how* how, unsigned file_index);
int gauntlet_uring_queue_close(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd);
int gauntlet_uring_queue_close_direct(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                      unsigned file_index);
int gauntlet_uring_queue_files_update(struct io_uring* ring, struct gauntlet_uring_entry entry, int* fds,
                                      unsigned nr_fds, int offset);
/* since 2.6 */
int gauntlet_uring_queue_fixed_fd_install(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                          unsigned flags);

/* Names of files. */
int gauntlet_uring_queue_unlinkat(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                  const char* path, int flags);
int gauntlet_uring_queue_unlink(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* path,
                                int flags);
int gauntlet_uring_queue_renameat(struct io_uring* ring, struct gauntlet_uring_entry entry, int olddfd,
                                  const char* oldpath, int newdfd, const char* newpath, unsigned flags);
int gauntlet_uring_queue_rename(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* oldpath,
                                const char* newpath);
int gauntlet_uring_queue_mkdirat(struct io_uring* ring, struct gauntlet_uring_entry entry, int dfd,
                                 const char* path, mode_t mode);
int gauntlet_uring_queue_mkdir(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* path,
                               mode_t mode);
int gauntlet_uring_queue_symlinkat(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                   const char* target, int newdirfd, const char* linkpath);
int gauntlet_uring_queue_symlink(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* target,
                                 const char* linkpath);
int gauntlet_uring_queue_linkat(struct io_uring* ring, struct gauntlet_uring_entry entry, int olddfd,
                                const char* oldpath, int newdfd, const char* newpath, int flags);
int gauntlet_uring_queue_link(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* oldpath,
                              const char* newpath, int flags);
int gauntlet_uring_queue_getxattr(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* name,
                                  char* value, const char* path, unsigned len);
int gauntlet_uring_queue_setxattr(struct io_uring* ring, struct gauntlet_uring_entry entry, const char* name,
                                  const char* value, const char* path, int flags, unsigned len);
int gauntlet_uring_queue_fgetxattr(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                   const char* name, char* value, unsigned len);
int gauntlet_uring_queue_fsetxattr(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                   const char* name, const char* value, int flags, unsigned len);

/* Pipes. An offset of -1 belongs to a pipe. */
int gauntlet_uring_queue_splice(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd_in,
                                int64_t off_in, int fd_out, int64_t off_out, unsigned nbytes,
                                unsigned splice_flags);
int gauntlet_uring_queue_tee(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd_in, int fd_out,
                             unsigned nbytes, unsigned splice_flags);

/* Sockets. addrlen is a socklen_t. */
int gauntlet_uring_queue_socket(struct io_uring* ring, struct gauntlet_uring_entry entry, int domain,
                                int type, int protocol, unsigned flags);
int gauntlet_uring_queue_socket_direct(struct io_uring* ring, struct gauntlet_uring_entry entry, int domain,
                                       int type, int protocol, unsigned file_index, unsigned flags);
int gauntlet_uring_queue_socket_direct_alloc(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                             int domain, int type, int protocol, unsigned flags);
/* since 2.7 */
int gauntlet_uring_queue_bind(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                              struct sockaddr* addr, uint32_t addrlen);
/* since 2.7 */
int gauntlet_uring_queue_listen(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                int backlog);
int gauntlet_uring_queue_accept(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                struct sockaddr* addr, uint32_t* addrlen, int flags);
int gauntlet_uring_queue_accept_direct(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                       struct sockaddr* addr, uint32_t* addrlen, int flags,
                                       unsigned file_index);
int gauntlet_uring_queue_multishot_accept(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                          struct sockaddr* addr, uint32_t* addrlen, int flags);
int gauntlet_uring_queue_multishot_accept_direct(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                                 int fd, struct sockaddr* addr, uint32_t* addrlen, int flags);
int gauntlet_uring_queue_connect(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                 const struct sockaddr* addr, uint32_t addrlen);
int gauntlet_uring_queue_shutdown(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd, int how);
/* since 2.5 */
int gauntlet_uring_queue_cmd_sock(struct io_uring* ring, struct gauntlet_uring_entry entry, int cmd_op,
                                  int fd, int level, int optname, void* optval, int optlen);

/* Sending. _zc lends the bytes until the second completion, the notification (IORING_CQE_F_NOTIF). */
int gauntlet_uring_queue_send(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                              const void* buf, size_t len, int flags);
/* since 2.4 */
int gauntlet_uring_queue_sendto(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                const void* buf, size_t len, int flags, const struct sockaddr* addr,
                                uint32_t addrlen);
/* since 2.7 */
int gauntlet_uring_queue_send_bundle(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                     size_t len, int flags);
int gauntlet_uring_queue_send_zc(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                 const void* buf, size_t len, int flags, unsigned zc_flags);
int gauntlet_uring_queue_send_zc_fixed(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                       const void* buf, size_t len, int flags, unsigned zc_flags,
                                       unsigned buf_index);
int gauntlet_uring_queue_sendmsg(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                 const struct msghdr* msg, unsigned flags);
int gauntlet_uring_queue_sendmsg_zc(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                    const struct msghdr* msg, unsigned flags);
/* The same to an address. (io_uring_prep_send_set_addr, which fills in what is already queued: here it is
 * part of the step) */
int gauntlet_uring_queue_send_zc_to(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                    const void* buf, size_t len, int flags, unsigned zc_flags,
                                    const struct sockaddr* dest_addr, uint16_t addr_len);
int gauntlet_uring_queue_send_zc_fixed_to(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                          int sockfd, const void* buf, size_t len, int flags,
                                          unsigned zc_flags, unsigned buf_index,
                                          const struct sockaddr* dest_addr, uint16_t addr_len);

/* Receiving. _multishot wants IOSQE_BUFFER_SELECT. */
int gauntlet_uring_queue_recv(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd, void* buf,
                              size_t len, int flags);
int gauntlet_uring_queue_recv_multishot(struct io_uring* ring, struct gauntlet_uring_entry entry, int sockfd,
                                        void* buf, size_t len, int flags);
int gauntlet_uring_queue_recvmsg(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                 struct msghdr* msg, unsigned flags);
int gauntlet_uring_queue_recvmsg_multishot(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                           struct msghdr* msg, unsigned flags);

/* Waiting for descriptors. poll_mask is POLL*. */
int gauntlet_uring_queue_poll_add(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                  unsigned poll_mask);
int gauntlet_uring_queue_poll_multishot(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                        unsigned poll_mask);
int gauntlet_uring_queue_poll_remove(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                     uint64_t user_data);
int gauntlet_uring_queue_poll_update(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                     uint64_t old_user_data, uint64_t new_user_data, unsigned poll_mask,
                                     unsigned flags);
int gauntlet_uring_queue_epoll_ctl(struct io_uring* ring, struct gauntlet_uring_entry entry, int epfd, int fd,
                                   int op, struct epoll_event* ev);

/* Time. flags are IORING_TIMEOUT_*; link_timeout bounds the submission before it, which has IOSQE_IO_LINK. */
int gauntlet_uring_queue_timeout(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                 struct __kernel_timespec* ts, unsigned count, unsigned flags);
int gauntlet_uring_queue_timeout_remove(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                        uint64_t user_data, unsigned flags);
int gauntlet_uring_queue_timeout_update(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                        struct __kernel_timespec* ts, uint64_t user_data, unsigned flags);
int gauntlet_uring_queue_link_timeout(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                      struct __kernel_timespec* ts, unsigned flags);

/* Cancelling. flags are IORING_ASYNC_CANCEL_*. */
int gauntlet_uring_queue_cancel64(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                  uint64_t user_data, int flags);
int gauntlet_uring_queue_cancel(struct io_uring* ring, struct gauntlet_uring_entry entry, void* user_data,
                                int flags);
int gauntlet_uring_queue_cancel_fd(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                   unsigned flags);

/* Buffers for the kernel to choose from, the old way; the new one is a ring of buffers, below. */
int gauntlet_uring_queue_provide_buffers(struct io_uring* ring, struct gauntlet_uring_entry entry, void* addr,
                                         int len, int nr, int bgid, int bid);
int gauntlet_uring_queue_remove_buffers(struct io_uring* ring, struct gauntlet_uring_entry entry, int nr,
                                        int bgid);

/* Other rings, whose descriptor is fd. */
int gauntlet_uring_queue_msg_ring(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                  unsigned len, uint64_t data, unsigned flags);
/* since 2.4 */
int gauntlet_uring_queue_msg_ring_cqe_flags(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                            unsigned len, uint64_t data, unsigned flags, unsigned cqe_flags);
/* since 2.4 */
int gauntlet_uring_queue_msg_ring_fd(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                     int source_fd, int target_fd, uint64_t data, unsigned flags);
/* since 2.4 */
int gauntlet_uring_queue_msg_ring_fd_alloc(struct io_uring* ring, struct gauntlet_uring_entry entry, int fd,
                                           int source_fd, uint64_t data, unsigned flags);

/* Children and futexes. idtype is of type idtype_t, infop points to a siginfo_t. */
/* since 2.6 */
int gauntlet_uring_queue_waitid(struct io_uring* ring, struct gauntlet_uring_entry entry, int idtype,
                                uint32_t id, void* infop, int options, unsigned flags);
/* since 2.6 */
int gauntlet_uring_queue_futex_wait(struct io_uring* ring, struct gauntlet_uring_entry entry, uint32_t* futex,
                                    uint64_t val, uint64_t mask, uint32_t futex_flags, unsigned flags);
/* since 2.6 */
int gauntlet_uring_queue_futex_wake(struct io_uring* ring, struct gauntlet_uring_entry entry, uint32_t* futex,
                                    uint64_t val, uint64_t mask, uint32_t futex_flags, unsigned flags);
/* since 2.6 */
int gauntlet_uring_queue_futex_waitv(struct io_uring* ring, struct gauntlet_uring_entry entry,
                                     struct futex_waitv* futex, uint32_t nr_futex, unsigned flags);

/* ---- liburing's inline functions, one to one ---- */

/* The submission queue. */
struct io_uring_sqe* gauntlet_uring_get_sqe(struct io_uring* ring);
unsigned gauntlet_uring_sq_ready(const struct io_uring* ring);
unsigned gauntlet_uring_sq_space_left(const struct io_uring* ring);
int gauntlet_uring_sqring_wait(struct io_uring* ring);
/* since 2.6 */
void gauntlet_uring_initialize_sqe(struct io_uring_sqe* sqe);
void gauntlet_uring_sqe_set_data(struct io_uring_sqe* sqe, void* data);
void gauntlet_uring_sqe_set_data64(struct io_uring_sqe* sqe, uint64_t data);
void gauntlet_uring_sqe_set_flags(struct io_uring_sqe* sqe, unsigned flags);
/* since 2.9 */
void gauntlet_uring_sqe_set_buf_group(struct io_uring_sqe* sqe, int bgid);

/* The completion queue. A cqe is valid until it is marked as seen. */
unsigned gauntlet_uring_cq_ready(const struct io_uring* ring);
bool gauntlet_uring_cq_has_overflow(const struct io_uring* ring);
bool gauntlet_uring_cq_eventfd_enabled(const struct io_uring* ring);
int gauntlet_uring_cq_eventfd_toggle(struct io_uring* ring, bool enabled);
int gauntlet_uring_peek_cqe(struct io_uring* ring, struct io_uring_cqe** cqe_ptr);
int gauntlet_uring_wait_cqe(struct io_uring* ring, struct io_uring_cqe** cqe_ptr);
int gauntlet_uring_wait_cqe_nr(struct io_uring* ring, struct io_uring_cqe** cqe_ptr, unsigned wait_nr);
void* gauntlet_uring_cqe_get_data(const struct io_uring_cqe* cqe);
uint64_t gauntlet_uring_cqe_get_data64(const struct io_uring_cqe* cqe);
void gauntlet_uring_cqe_seen(struct io_uring* ring, struct io_uring_cqe* cqe);
void gauntlet_uring_cq_advance(struct io_uring* ring, unsigned nr);

/* Rings of buffers (io_uring_setup_buf_ring). add fills places, which advance then shows to the kernel. */
void gauntlet_uring_buf_ring_init(struct io_uring_buf_ring* br);
int gauntlet_uring_buf_ring_mask(uint32_t ring_entries);
void gauntlet_uring_buf_ring_add(struct io_uring_buf_ring* br, void* addr, unsigned len, unsigned short bid,
                                 int mask, int buf_offset);
void gauntlet_uring_buf_ring_advance(struct io_uring_buf_ring* br, int count);
void gauntlet_uring_buf_ring_cq_advance(struct io_uring* ring, struct io_uring_buf_ring* br, int count);
/* since 2.6 */
int gauntlet_uring_buf_ring_available(struct io_uring* ring, struct io_uring_buf_ring* br,
                                      unsigned short bgid);

/* What recvmsg_multishot wrote into a buffer. validate answers NULL if it is too short. */
struct io_uring_recvmsg_out* gauntlet_uring_recvmsg_validate(void* buf, int buf_len, struct msghdr* msgh);
void* gauntlet_uring_recvmsg_name(struct io_uring_recvmsg_out* o);
struct cmsghdr* gauntlet_uring_recvmsg_cmsg_firsthdr(struct io_uring_recvmsg_out* o, struct msghdr* msgh);
struct cmsghdr* gauntlet_uring_recvmsg_cmsg_nexthdr(struct io_uring_recvmsg_out* o, struct msghdr* msgh,
                                                    struct cmsghdr* cmsg);
void* gauntlet_uring_recvmsg_payload(struct io_uring_recvmsg_out* o, struct msghdr* msgh);
unsigned gauntlet_uring_recvmsg_payload_length(struct io_uring_recvmsg_out* o, int buf_len,
                                               struct msghdr* msgh);

/* Of io_uring_get_probe: whether the kernel knows op, IORING_OP_*. */
int gauntlet_uring_opcode_supported(const struct io_uring_probe* p, int op);

/* Submissions step by step: none of these sets user_data, and since liburing 2.6 none clears the flags.
 * Before it all do, so set both afterwards. */
void gauntlet_uring_prep_rw(int op, struct io_uring_sqe* sqe, int fd, const void* addr, unsigned len,
                            uint64_t offset);
void gauntlet_uring_prep_splice(struct io_uring_sqe* sqe, int fd_in, int64_t off_in, int fd_out,
                                int64_t off_out, unsigned nbytes, unsigned splice_flags);
void gauntlet_uring_prep_tee(struct io_uring_sqe* sqe, int fd_in, int fd_out, unsigned nbytes,
                             unsigned splice_flags);
void gauntlet_uring_prep_readv(struct io_uring_sqe* sqe, int fd, const struct iovec* iovecs, unsigned nr_vecs,
                               uint64_t offset);
void gauntlet_uring_prep_readv2(struct io_uring_sqe* sqe, int fd, const struct iovec* iovecs,
                                unsigned nr_vecs, uint64_t offset, int flags);
void gauntlet_uring_prep_read_fixed(struct io_uring_sqe* sqe, int fd, void* buf, unsigned nbytes,
                                    uint64_t offset, int buf_index);
void gauntlet_uring_prep_writev(struct io_uring_sqe* sqe, int fd, const struct iovec* iovecs,
                                unsigned nr_vecs, uint64_t offset);
void gauntlet_uring_prep_writev2(struct io_uring_sqe* sqe, int fd, const struct iovec* iovecs,
                                 unsigned nr_vecs, uint64_t offset, int flags);
void gauntlet_uring_prep_write_fixed(struct io_uring_sqe* sqe, int fd, const void* buf, unsigned nbytes,
                                     uint64_t offset, int buf_index);
void gauntlet_uring_prep_recvmsg(struct io_uring_sqe* sqe, int fd, struct msghdr* msg, unsigned flags);
void gauntlet_uring_prep_recvmsg_multishot(struct io_uring_sqe* sqe, int fd, struct msghdr* msg,
                                           unsigned flags);
void gauntlet_uring_prep_sendmsg(struct io_uring_sqe* sqe, int fd, const struct msghdr* msg, unsigned flags);
void gauntlet_uring_prep_poll_add(struct io_uring_sqe* sqe, int fd, unsigned poll_mask);
void gauntlet_uring_prep_poll_multishot(struct io_uring_sqe* sqe, int fd, unsigned poll_mask);
void gauntlet_uring_prep_poll_remove(struct io_uring_sqe* sqe, uint64_t user_data);
void gauntlet_uring_prep_poll_update(struct io_uring_sqe* sqe, uint64_t old_user_data, uint64_t new_user_data,
                                     unsigned poll_mask, unsigned flags);
void gauntlet_uring_prep_fsync(struct io_uring_sqe* sqe, int fd, unsigned fsync_flags);
void gauntlet_uring_prep_nop(struct io_uring_sqe* sqe);
void gauntlet_uring_prep_timeout(struct io_uring_sqe* sqe, struct __kernel_timespec* ts, unsigned count,
                                 unsigned flags);
void gauntlet_uring_prep_timeout_remove(struct io_uring_sqe* sqe, uint64_t user_data, unsigned flags);
void gauntlet_uring_prep_timeout_update(struct io_uring_sqe* sqe, struct __kernel_timespec* ts,
                                        uint64_t user_data, unsigned flags);
void gauntlet_uring_prep_accept(struct io_uring_sqe* sqe, int fd, struct sockaddr* addr, uint32_t* addrlen,
                                int flags);
void gauntlet_uring_prep_accept_direct(struct io_uring_sqe* sqe, int fd, struct sockaddr* addr,
                                       uint32_t* addrlen, int flags, unsigned file_index);
void gauntlet_uring_prep_multishot_accept(struct io_uring_sqe* sqe, int fd, struct sockaddr* addr,
                                          uint32_t* addrlen, int flags);
void gauntlet_uring_prep_multishot_accept_direct(struct io_uring_sqe* sqe, int fd, struct sockaddr* addr,
                                                 uint32_t* addrlen, int flags);
void gauntlet_uring_prep_cancel64(struct io_uring_sqe* sqe, uint64_t user_data, int flags);
void gauntlet_uring_prep_cancel(struct io_uring_sqe* sqe, void* user_data, int flags);
void gauntlet_uring_prep_cancel_fd(struct io_uring_sqe* sqe, int fd, unsigned flags);
void gauntlet_uring_prep_link_timeout(struct io_uring_sqe* sqe, struct __kernel_timespec* ts, unsigned flags);
void gauntlet_uring_prep_connect(struct io_uring_sqe* sqe, int fd, const struct sockaddr* addr,
                                 uint32_t addrlen);
/* since 2.7 */
void gauntlet_uring_prep_bind(struct io_uring_sqe* sqe, int fd, struct sockaddr* addr, uint32_t addrlen);
/* since 2.7 */
void gauntlet_uring_prep_listen(struct io_uring_sqe* sqe, int fd, int backlog);
void gauntlet_uring_prep_files_update(struct io_uring_sqe* sqe, int* fds, unsigned nr_fds, int offset);
void gauntlet_uring_prep_fallocate(struct io_uring_sqe* sqe, int fd, int mode, uint64_t offset, uint64_t len);
void gauntlet_uring_prep_openat(struct io_uring_sqe* sqe, int dfd, const char* path, int flags, mode_t mode);
void gauntlet_uring_prep_openat_direct(struct io_uring_sqe* sqe, int dfd, const char* path, int flags,
                                       mode_t mode, unsigned file_index);
/* since 2.8 */
void gauntlet_uring_prep_open(struct io_uring_sqe* sqe, const char* path, int flags, mode_t mode);
/* since 2.8 */
void gauntlet_uring_prep_open_direct(struct io_uring_sqe* sqe, const char* path, int flags, mode_t mode,
                                     unsigned file_index);
void gauntlet_uring_prep_close(struct io_uring_sqe* sqe, int fd);
void gauntlet_uring_prep_close_direct(struct io_uring_sqe* sqe, unsigned file_index);
void gauntlet_uring_prep_read(struct io_uring_sqe* sqe, int fd, void* buf, unsigned nbytes, uint64_t offset);
/* since 2.6 */
void gauntlet_uring_prep_read_multishot(struct io_uring_sqe* sqe, int fd, unsigned nbytes, uint64_t offset,
                                        int buf_group);
void gauntlet_uring_prep_write(struct io_uring_sqe* sqe, int fd, const void* buf, unsigned nbytes,
                               uint64_t offset);
void gauntlet_uring_prep_statx(struct io_uring_sqe* sqe, int dfd, const char* path, int flags, unsigned mask,
                               struct statx* statxbuf);
void gauntlet_uring_prep_fadvise(struct io_uring_sqe* sqe, int fd, uint64_t offset, uint32_t len, int advice);
void gauntlet_uring_prep_madvise(struct io_uring_sqe* sqe, void* addr, uint32_t length, int advice);
/* since 2.7 */
void gauntlet_uring_prep_fadvise64(struct io_uring_sqe* sqe, int fd, uint64_t offset, int64_t len,
                                   int advice);
/* since 2.7 */
void gauntlet_uring_prep_madvise64(struct io_uring_sqe* sqe, void* addr, int64_t length, int advice);
void gauntlet_uring_prep_send(struct io_uring_sqe* sqe, int sockfd, const void* buf, size_t len, int flags);
/* since 2.7 */
void gauntlet_uring_prep_send_bundle(struct io_uring_sqe* sqe, int sockfd, size_t len, int flags);
void gauntlet_uring_prep_send_set_addr(struct io_uring_sqe* sqe, const struct sockaddr* dest_addr,
                                       uint16_t addr_len);
/* since 2.4 */
void gauntlet_uring_prep_sendto(struct io_uring_sqe* sqe, int sockfd, const void* buf, size_t len, int flags,
                                const struct sockaddr* addr, uint32_t addrlen);
void gauntlet_uring_prep_send_zc(struct io_uring_sqe* sqe, int sockfd, const void* buf, size_t len, int flags,
                                 unsigned zc_flags);
void gauntlet_uring_prep_send_zc_fixed(struct io_uring_sqe* sqe, int sockfd, const void* buf, size_t len,
                                       int flags, unsigned zc_flags, unsigned buf_index);
void gauntlet_uring_prep_sendmsg_zc(struct io_uring_sqe* sqe, int fd, const struct msghdr* msg,
                                    unsigned flags);
void gauntlet_uring_prep_recv(struct io_uring_sqe* sqe, int sockfd, void* buf, size_t len, int flags);
void gauntlet_uring_prep_recv_multishot(struct io_uring_sqe* sqe, int sockfd, void* buf, size_t len,
                                        int flags);
void gauntlet_uring_prep_openat2(struct io_uring_sqe* sqe, int dfd, const char* path, struct open_how* how);
void gauntlet_uring_prep_openat2_direct(struct io_uring_sqe* sqe, int dfd, const char* path,
                                        struct open_how* how, unsigned file_index);
void gauntlet_uring_prep_epoll_ctl(struct io_uring_sqe* sqe, int epfd, int fd, int op,
                                   struct epoll_event* ev);
void gauntlet_uring_prep_provide_buffers(struct io_uring_sqe* sqe, void* addr, int len, int nr, int bgid,
                                         int bid);
void gauntlet_uring_prep_remove_buffers(struct io_uring_sqe* sqe, int nr, int bgid);
void gauntlet_uring_prep_shutdown(struct io_uring_sqe* sqe, int fd, int how);
void gauntlet_uring_prep_unlinkat(struct io_uring_sqe* sqe, int dfd, const char* path, int flags);
void gauntlet_uring_prep_unlink(struct io_uring_sqe* sqe, const char* path, int flags);
void gauntlet_uring_prep_renameat(struct io_uring_sqe* sqe, int olddfd, const char* oldpath, int newdfd,
                                  const char* newpath, unsigned flags);
void gauntlet_uring_prep_rename(struct io_uring_sqe* sqe, const char* oldpath, const char* newpath);
void gauntlet_uring_prep_sync_file_range(struct io_uring_sqe* sqe, int fd, unsigned len, uint64_t offset,
                                         int flags);
void gauntlet_uring_prep_mkdirat(struct io_uring_sqe* sqe, int dfd, const char* path, mode_t mode);
void gauntlet_uring_prep_mkdir(struct io_uring_sqe* sqe, const char* path, mode_t mode);
void gauntlet_uring_prep_symlinkat(struct io_uring_sqe* sqe, const char* target, int newdirfd,
                                   const char* linkpath);
void gauntlet_uring_prep_symlink(struct io_uring_sqe* sqe, const char* target, const char* linkpath);
void gauntlet_uring_prep_linkat(struct io_uring_sqe* sqe, int olddfd, const char* oldpath, int newdfd,
                                const char* newpath, int flags);
void gauntlet_uring_prep_link(struct io_uring_sqe* sqe, const char* oldpath, const char* newpath, int flags);
/* since 2.4 */
void gauntlet_uring_prep_msg_ring_cqe_flags(struct io_uring_sqe* sqe, int fd, unsigned len, uint64_t data,
                                            unsigned flags, unsigned cqe_flags);
void gauntlet_uring_prep_msg_ring(struct io_uring_sqe* sqe, int fd, unsigned len, uint64_t data,
                                  unsigned flags);
/* since 2.4 */
void gauntlet_uring_prep_msg_ring_fd(struct io_uring_sqe* sqe, int fd, int source_fd, int target_fd,
                                     uint64_t data, unsigned flags);
/* since 2.4 */
void gauntlet_uring_prep_msg_ring_fd_alloc(struct io_uring_sqe* sqe, int fd, int source_fd, uint64_t data,
                                           unsigned flags);
void gauntlet_uring_prep_getxattr(struct io_uring_sqe* sqe, const char* name, char* value, const char* path,
                                  unsigned len);
void gauntlet_uring_prep_setxattr(struct io_uring_sqe* sqe, const char* name, const char* value,
                                  const char* path, int flags, unsigned len);
void gauntlet_uring_prep_fgetxattr(struct io_uring_sqe* sqe, int fd, const char* name, char* value,
                                   unsigned len);
void gauntlet_uring_prep_fsetxattr(struct io_uring_sqe* sqe, int fd, const char* name, const char* value,
                                   int flags, unsigned len);
void gauntlet_uring_prep_socket(struct io_uring_sqe* sqe, int domain, int type, int protocol, unsigned flags);
void gauntlet_uring_prep_socket_direct(struct io_uring_sqe* sqe, int domain, int type, int protocol,
                                       unsigned file_index, unsigned flags);
void gauntlet_uring_prep_socket_direct_alloc(struct io_uring_sqe* sqe, int domain, int type, int protocol,
                                             unsigned flags);
/* since 2.5 */
void gauntlet_uring_prep_cmd_sock(struct io_uring_sqe* sqe, int cmd_op, int fd, int level, int optname,
                                  void* optval, int optlen);
/* since 2.6 */
void gauntlet_uring_prep_waitid(struct io_uring_sqe* sqe, int idtype, uint32_t id, void* infop, int options,
                                unsigned flags);
/* since 2.6 */
void gauntlet_uring_prep_futex_wake(struct io_uring_sqe* sqe, uint32_t* futex, uint64_t val, uint64_t mask,
                                    uint32_t futex_flags, unsigned flags);
/* since 2.6 */
void gauntlet_uring_prep_futex_wait(struct io_uring_sqe* sqe, uint32_t* futex, uint64_t val, uint64_t mask,
                                    uint32_t futex_flags, unsigned flags);
/* since 2.6 */
void gauntlet_uring_prep_futex_waitv(struct io_uring_sqe* sqe, struct futex_waitv* futex, uint32_t nr_futex,
                                     unsigned flags);
/* since 2.6 */
void gauntlet_uring_prep_fixed_fd_install(struct io_uring_sqe* sqe, int fd, unsigned flags);
/* since 2.6 */
void gauntlet_uring_prep_ftruncate(struct io_uring_sqe* sqe, int fd, int64_t len);
/* since 2.8 */
void gauntlet_uring_prep_cmd_discard(struct io_uring_sqe* sqe, int fd, uint64_t offset, uint64_t nbytes);

/* ---- liburing's macros ---- */

/* The user_data of liburing's own timeouts on kernels before 5.11; the index of a cqe among those of
 * the ring, and its shift; and the barriers with which the heads and tails of queues are read and written. */
uint64_t gauntlet_uring_udata_timeout(void);
unsigned gauntlet_uring_cqe_shift(const struct io_uring* ring);
unsigned gauntlet_uring_cqe_index(const struct io_uring* ring, unsigned ptr, unsigned mask);
unsigned gauntlet_uring_read_once(const unsigned* var);
void gauntlet_uring_write_once(unsigned* var, unsigned value);
unsigned gauntlet_uring_smp_load_acquire(const unsigned* p);
void gauntlet_uring_smp_store_release(unsigned* p, unsigned value);
void gauntlet_uring_smp_mb(void);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop

#endif
