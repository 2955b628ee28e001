#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A start that cannot be: one sentence for the operator, and the exit code of sysexits.h.
struct StartError: Error, CustomStringConvertible {
    let description: String
    let exitCode: Int32

    init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}

/// The few file operations a start needs, over the C library: Foundation would cost 6 MB for them.
enum FileSystem {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Enough for any text; what never ends, such as /dev/zero, would otherwise take all memory there is.
    private static let maxBytes = 256 << 20

    /// The whole file.
    ///
    /// - Throws: ``StartError`` with exit code 78 (a configuration that cannot work) naming the file and the reason.
    static func read(_ path: String) throws(StartError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw cannotRead(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw cannotRead(path, EISDIR)
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw cannotRead(path, errno)
            }
            bytes += piece[0..<count]
            if bytes.count > maxBytes { throw cannotRead(path, EFBIG) }
        }
    }

    private static func cannotRead(_ path: String, _ code: Int32) -> StartError {
        StartError("cannot read \(path): \(String(cString: strerror(code)))", exitCode: 78)
    }
}
