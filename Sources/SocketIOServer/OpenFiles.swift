#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The process's limit of open files, which is also its limit of connections.
enum OpenFiles {
    /// The soft limit.
    static var limit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Open files of this process. Reads a directory, so not for an event loop with ten thousand of them.
    static func count() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        // Two of the entries are `.` and `..`, and one is this directory.
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return max(0, count)
    }

    /// Raises the soft limit to the hard one, and says how many connections it leaves room for.
    ///
    /// - Parameter loops: each takes three files (its selector, its timer, and what wakes it up).
    static func room(forLoops loops: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1000 }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        // The rest is for the standard streams, the listening socket, and what an application opens.
        return max(16, Int(clamping: limit.rlim_cur) - 32 - 3 * loops)
    }
}
