// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ways out of a granted folder: by path, by link, by trailing slashes, by rename and hard link, by missing checks of
// rights.
#include "attack/attack.h"

namespace dewar::attack {

std::span<const Attack> path_attacks() {
  static const Attack attacks[] = {
      {"DotsAbove",
       "path: .. above the folder",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"../secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"dir/../../secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"./dir/./../..//secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @".." (i32.const 2) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE",
        "path_open path-escape ENOTCAPABLE"}},
      {"AbsolutePath",
       "path: absolute",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"/etc/passwd" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 5) @"/rw/file" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 3) @"//file") #ENOTCAPABLE)))",
       "ok",
       {"path_open absolute-path ENOTCAPABLE", "path_open absolute-path ENOTCAPABLE",
        "path_unlink_file absolute-path ENOTCAPABLE"}},
      {"DotsFromTheRoot",
       "path: from the synthetic root",
       R"((func (export "_start")
         (call $want (call $open (i32.const 5) @"../../etc/passwd" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 5) @"rw/../../secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 5) @"rw/../ro/../secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE", "path_open not-mounted ENOTCAPABLE"}},
      {"DotsAfterALinkUp",
       "path: .. after a link",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"up/secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"outdir/../secret" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"up/rw/file" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE"}},
      {"NulInPath", "path: a NUL cuts the name",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"file\00/../../secret" (i32.const 0) (i64.const 2)) #EINVAL)
         (call $want (call $path_create_directory (i32.const 3) @"a\00b") #EINVAL)
         (call $want (call $path_symlink @"fi\00le" (i32.const 3) @"new") #EINVAL)))"},
      {"BadEncoding", "path: overlong UTF-8 dots and slashes",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"\c0\ae\c0\ae/secret" (i32.const 0) (i64.const 2)) #EILSEQ)
         (call $want (call $open (i32.const 3) @"..\c0\afsecret" (i32.const 0) (i64.const 2)) #EILSEQ)
         (call $want (call $open (i32.const 3) @"\ed\a0\80" (i32.const 0) (i64.const 2)) #EILSEQ)))"},
      {"WindowsNames", "path: CVE-2024-51745, names that mean devices elsewhere",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"COM\c2\b9" (i32.const 0) (i64.const 2)) #ENOENT)
         (call $want (call $open (i32.const 3) @"..\5csecret" (i32.const 0) (i64.const 2)) #ENOENT)
         (call $want (call $open (i32.const 3) @"C:\5csecret" (i32.const 0) (i64.const 2)) #ENOENT)))"},
      {"EmptyAndLongPaths", "path: lengths",
       R"((func (export "_start")
         (memory.fill (i32.const 1024) (i32.const 97) (i32.const 8000))
         (call $want (call $open (i32.const 3) (i32.const 1024) (i32.const 0) (i32.const 0) (i64.const 2)) #ENOENT)
         (call $want (call $open (i32.const 3) (i32.const 1024) (i32.const 256) (i32.const 0) (i64.const 2)) #ENAMETOOLONG)
         (call $want (call $open (i32.const 3) (i32.const 1024) (i32.const 4096) (i32.const 0) (i64.const 2)) #ENAMETOOLONG)
         (call $want (call $open (i32.const 3) (i32.const 1024) (i32.const 8000) (i32.const 0) (i64.const 2)) #ENAMETOOLONG)
         (call $want (call $open (i32.const 3) (i32.const 1024) (i32.const -1) (i32.const 0) (i64.const 2)) #EFAULT)))"},
      {"TrailingSlashes",
       "path: GHSA-vqjp, trailing slashes follow links",
       R"((func (export "_start")
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) @"outdir/" (i32.const 64)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"outdir/" (i32.const 2) (i64.const 0)) #ENOTCAPABLE)
         (call $want (call $path_open (i32.const 3) (i32.const 0) @"outdir//" (i32.const 2) (i64.const 0) (i64.const 0)
           (i32.const 0) (i32.const 0)) #ENOTCAPABLE)
         (call $want (call $path_readlink (i32.const 3) @"outdir/" (i32.const 64) (i32.const 100) (i32.const 8)) #ENOTCAPABLE)
         (call $want (call $path_link (i32.const 3) (i32.const 0) @"out/" (i32.const 3) @"stolen") #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 3) @"outdir/") #ENOTDIR)
         (call $want (call $path_remove_directory (i32.const 3) @"outdir/") #ENOTDIR)
         (call $want (call $path_rename (i32.const 3) @"outdir/" (i32.const 3) @"stolen") #ENOTDIR)
         (call $want (call $path_filestat_set_times (i32.const 3) (i32.const 0) @"outdir/" (i64.const 1) (i64.const 1)
           (i32.const 5)) #ENOTCAPABLE)))",
       "ok",
       {"path_filestat_get path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE",
        "path_readlink path-escape ENOTCAPABLE", "path_link path-escape ENOTCAPABLE",
        "path_filestat_set_times path-escape ENOTCAPABLE"}},
      {"FollowLinkOut",
       "link: one that is there leads out",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"out" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"chain" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"abs" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"out" (i32.const 1) (i64.const 64)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"out" (i32.const 8) (i64.const 64)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"outdir/new" (i32.const 1) (i64.const 64)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"out" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 5) @"rw/out" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE",
        "path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE"}},
      {"MutateThroughLinkOut",
       "link: names made and removed behind one",
       R"((func (export "_start")
         (call $want (call $path_create_directory (i32.const 3) @"outdir/d") #ENOTCAPABLE)
         (call $want (call $path_symlink @"x" (i32.const 3) @"outdir/l") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 3) @"file" (i32.const 3) @"outdir/f") #ENOTCAPABLE)
         (call $want (call $path_link (i32.const 3) (i32.const 0) @"file" (i32.const 3) @"outdir/f") #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 3) @"up/secret") #ENOTCAPABLE)
         (call $want (call $path_remove_directory (i32.const 3) @"up/victim") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 3) @"up/secret" (i32.const 3) @"mine") #ENOTCAPABLE)
         (call $want (call $path_filestat_set_times (i32.const 3) (i32.const 1) @"out" (i64.const 1) (i64.const 1)
           (i32.const 5)) #ENOTCAPABLE)))",
       "ok",
       {"path_create_directory path-escape ENOTCAPABLE", "path_symlink path-escape ENOTCAPABLE",
        "path_rename path-escape ENOTCAPABLE", "path_link path-escape ENOTCAPABLE",
        "path_unlink_file path-escape ENOTCAPABLE", "path_remove_directory path-escape ENOTCAPABLE",
        "path_rename path-escape ENOTCAPABLE", "path_filestat_set_times path-escape ENOTCAPABLE"}},
      {"MakeLinkOut",
       "link: making one that leads out",
       R"((func (export "_start")
         (call $want (call $path_symlink @"/etc/passwd" (i32.const 3) @"new") #ENOTCAPABLE)
         (call $want (call $path_symlink @"../secret" (i32.const 3) @"new") #ENOTCAPABLE)
         (call $want (call $path_symlink @"dir/../../secret" (i32.const 3) @"new") #ENOTCAPABLE)
         (call $want (call $path_symlink @"../../secret" (i32.const 3) @"dir/new") #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"new" (i32.const 0) (i64.const 2)) #ENOENT)))",
       "ok",
       {"path_symlink absolute-link ENOTCAPABLE", "path_symlink link-escape ENOTCAPABLE",
        "path_symlink link-escape ENOTCAPABLE", "path_symlink link-escape ENOTCAPABLE"}},
      {"MoveLinkSoThatItLeadsOut",
       "link: a harmless one is moved up",
       R"((func (export "_start")
         (call $want (call $path_rename (i32.const 3) @"dir/back" (i32.const 3) @"back") #ENOTCAPABLE)
         (call $want (call $path_link (i32.const 3) (i32.const 0) @"dir/back" (i32.const 3) @"back") #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"back" (i32.const 0) (i64.const 2)) #ENOENT)
         ;; In a directory that is moved it goes along, and is still not followed.
         (call $want (call $path_symlink @"../../file" (i32.const 3) @"dir/deep/l") #SUCCESS)
         (call $want (call $path_rename (i32.const 3) @"dir/deep" (i32.const 3) @"deep") #SUCCESS)
         (call $want (call $open (i32.const 3) @"deep/l" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_rename link-escape ENOTCAPABLE", "path_link link-escape ENOTCAPABLE",
        "path_open path-escape ENOTCAPABLE"}},
      {"CopyLinkOut",
       "link: a hard link of a link that leads out",
       R"((func (export "_start")
         (call $want (call $path_link (i32.const 3) (i32.const 0) @"out" (i32.const 3) @"copy") #SUCCESS)
         (call $want (call $open (i32.const 3) @"copy" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $path_link (i32.const 3) (i32.const 1) @"out" (i32.const 3) @"copy2") #EINVAL)))",
       "ok",
       {"path_open path-escape ENOTCAPABLE"}},
      {"LoopOfLinks", "link: a loop",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"loop" (i32.const 0) (i64.const 2)) #ELOOP)
         (call $want (call $open (i32.const 3) @"loop/x" (i32.const 1) (i64.const 2)) #ELOOP)
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 1) @"loop" (i32.const 64)) #ELOOP)))"},
      {"SpecialFiles",
       "path: a fifo and a socket in a mount",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"fifo" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"fifo" (i32.const 0) (i64.const 66)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"socket" (i32.const 0) (i64.const 66)) #ENOTCAPABLE)))",
       "ok",
       {"path_open special-file ENOTCAPABLE", "path_open special-file ENOTCAPABLE"}},
      {"ProcessesThroughProc",
       "path: plain files of procfs and sysfs, below a mount of the root",
       R"((func (export "_start")
         (call $want (call $open (i32.const 4) @"h/proc/self/environ" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"h/proc/self/mem" (i32.const 0) (i64.const 66)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"h/proc/self" (i32.const 2) (i64.const 0x4000)) #ENOTCAPABLE)
         (call $want (call $path_filestat_get (i32.const 4) (i32.const 1) @"h/proc/1" (i32.const 64)) #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 4) @"h/proc/self/maps") #ENOTCAPABLE)))",
       "ok",
       {"path_open special-file ENOTCAPABLE", "path_open special-file ENOTCAPABLE",
        "path_open special-file ENOTCAPABLE", "path_filestat_get special-file ENOTCAPABLE",
        "path_unlink_file special-file ENOTCAPABLE"},
       [](api::RunConfig& c) { c.grants.mounts = {{"/", "/h", boundary::kReadWrite}}; }},
      {"MagicLinks",
       "link: magic links of /proc",
       R"((func $refused (param $e i32)
            ;; ELOOP where the kernel resolves, ENOTCAPABLE where the runtime does.
            (if (i32.ne (local.get $e) #ELOOP) (then (call $want (local.get $e) #ENOTCAPABLE))))
          (func (export "_start")
            (call $refused (call $open (i32.const 5) @"h/proc/self/root/etc/passwd" (i32.const 0) (i64.const 2)))
            (call $refused (call $open (i32.const 5) @"h/proc/self/cwd/README.md" (i32.const 0) (i64.const 2)))
            (call $refused (call $open (i32.const 5) @"h/proc/self/exe" (i32.const 0) (i64.const 2)))
            (call $refused (call $open (i32.const 5) @"h/proc/self/fd/0" (i32.const 0) (i64.const 2)))
            (call $refused (call $path_filestat_get (i32.const 5) (i32.const 1) @"h/proc/self/root/" (i32.const 64)))))",
       "ok",
       {},
       [](api::RunConfig& c) {
         c.grants.mounts = {{"/usr", "/usr", boundary::kReadOnly}, {"/", "/h", boundary::kReadOnly}};
       }},
      {"RenameOutOfReadOnly",
       "rename: GHSA-4ch3, the source may not be changed",
       R"((func (export "_start")
         (call $want (call $path_rename (i32.const 4) @"file" (i32.const 3) @"mine") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 5) @"ro/file" (i32.const 5) @"rw/mine") #ENOTCAPABLE)))",
       "ok",
       {"path_rename mount-lacks-right ENOTCAPABLE"}},
      {"RenameIntoReadOnly",
       "rename: GHSA-4ch3, the target may not be changed",
       R"((func (export "_start")
         (call $want (call $path_rename (i32.const 3) @"file" (i32.const 4) @"file") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 3) @"dir" (i32.const 4) @"new") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 3) @"file" (i32.const 3) @"../ro/file") #ENOTCAPABLE)))",
       "ok",
       {"path_rename mount-lacks-right ENOTCAPABLE", "path_rename mount-lacks-right ENOTCAPABLE",
        "path_rename path-escape ENOTCAPABLE"}},
      {"LinkAcrossMounts",
       "link: GHSA-4ch3, a hard link into a mount with more rights",
       R"((func (export "_start")
         (call $want (call $path_link (i32.const 4) (i32.const 0) @"file" (i32.const 3) @"mine") #EXDEV)
         (call $want (call $path_link (i32.const 3) (i32.const 0) @"file" (i32.const 4) @"new") #ENOTCAPABLE)
         (call $want (call $path_link (i32.const 5) (i32.const 0) @"ro/file" (i32.const 5) @"rw/mine") #EXDEV)))",
       "ok",
       {"path_link mount-lacks-right ENOTCAPABLE"}},
      {"ReplaceMountPoints",
       "rename: a mount point is replaced",
       R"((func (export "_start")
         (call $want (call $path_rename (i32.const 5) @"rw" (i32.const 5) @"ro") #ENOTCAPABLE)
         (call $want (call $path_rename (i32.const 3) @"." (i32.const 3) @"dir/x") #EBUSY)
         (call $want (call $path_rename (i32.const 3) @"dir" (i32.const 5) @"rw") #EBUSY)
         (call $want (call $path_remove_directory (i32.const 5) @"rw") #EBUSY)
         (call $want (call $path_unlink_file (i32.const 5) @"rw") #EBUSY)))",
       "ok",
       {"path_rename mount-lacks-right ENOTCAPABLE"}},
      {"TruncateReadOnly",
       "rights: GHSA-2r75, opening with TRUNC to read",
       R"((func (export "_start")
         (call $want (call $open (i32.const 4) @"file" (i32.const 8) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"file" (i32.const 8) (i64.const 0)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"file" (i32.const 9) (i64.const 2)) #ENOTCAPABLE)))",
       "ok",
       {"path_open mount-lacks-right ENOTCAPABLE", "path_open mount-lacks-right ENOTCAPABLE"}},
      {"WriteReadOnly",
       "rights: every other change of a read-only mount",
       R"((func (export "_start")
         (call $want (call $open (i32.const 4) @"file" (i32.const 0) (i64.const 64)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"new" (i32.const 1) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $path_create_directory (i32.const 4) @"new") #ENOTCAPABLE)
         (call $want (call $path_symlink @"file" (i32.const 4) @"new") #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 4) @"file") #ENOTCAPABLE)
         (call $want (call $path_remove_directory (i32.const 4) @"dir") #ENOTCAPABLE)
         (call $want (call $path_filestat_set_times (i32.const 4) (i32.const 0) @"file" (i64.const 0) (i64.const 0)
           (i32.const 10)) #ENOTCAPABLE)
         (call $want (call $fd_filestat_set_times (i32.const 4) (i64.const 0) (i64.const 0) (i32.const 10)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 4) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
         (call $want (call $write (call $fd) @"x") #ENOTCAPABLE)
         (call $want (call $fd_filestat_set_size (call $fd) (i64.const 0)) #ENOTCAPABLE)
         (call $want (call $fd_allocate (call $fd) (i64.const 0) (i64.const 100)) #ENOTCAPABLE)
         (call $want (call $fd_pwrite (call $fd) (i32.const 16) (i32.const 1) (i64.const 0) (i32.const 8)) #ENOTCAPABLE)))",
       "ok",
       {"path_open mount-lacks-right ENOTCAPABLE", "path_open mount-lacks-right ENOTCAPABLE",
        "path_create_directory mount-lacks-right ENOTCAPABLE", "path_symlink mount-lacks-right ENOTCAPABLE",
        "path_unlink_file mount-lacks-right ENOTCAPABLE", "path_remove_directory mount-lacks-right ENOTCAPABLE",
        "path_filestat_set_times mount-lacks-right ENOTCAPABLE", "fd_filestat_set_times mount-lacks-right ENOTCAPABLE",
        "fd_write mount-lacks-right ENOTCAPABLE", "fd_filestat_set_size mount-lacks-right ENOTCAPABLE",
        "fd_allocate mount-lacks-right ENOTCAPABLE", "fd_pwrite mount-lacks-right ENOTCAPABLE"}},
      {"RightsThroughTheRoot",
       "rights: a handle with all rights in a read-only mount",
       R"((func (export "_start")
         (call $want (call $open (i32.const 5) @"ro" (i32.const 2) (i64.const 0x3fbffebf)) #SUCCESS)
         (call $want (call $path_unlink_file (call $fd) @"file") #ENOTCAPABLE)
         (call $want (call $open (call $fd) @"dir/.." (i32.const 2) (i64.const 0x3fbffebf)) #SUCCESS)
         (call $want (call $path_remove_directory (call $fd) @"dir") #ENOTCAPABLE)))",
       "ok",
       {"path_unlink_file mount-lacks-right ENOTCAPABLE", "path_remove_directory mount-lacks-right ENOTCAPABLE"}},
      {"RaiseRights", "rights: giving back to oneself what was given up",
       R"((func (export "_start")
         (call $want (call $fd_fdstat_set_rights (i32.const 3) (i64.const 0x2000) (i64.const 2)) #SUCCESS)
         (call $want (call $fd_fdstat_set_rights (i32.const 3) (i64.const 0x3fffffff) (i64.const 2)) #ENOTCAPABLE)
         (call $want (call $fd_fdstat_set_rights (i32.const 3) (i64.const 0x2000) (i64.const -1)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 66)) #SUCCESS)
         (call $want (call $write (call $fd) @"x") #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"dir" (i32.const 2) (i64.const 0x3fbffebf)) #SUCCESS)
         (call $want (call $path_create_directory (call $fd) @"new") #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 3) @"file") #ENOTCAPABLE)))"},
  };
  return attacks;
}

}  // namespace dewar::attack
