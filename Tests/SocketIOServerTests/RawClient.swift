import Foundation
import Synchronization

/// One TCP connection of a client that says exactly what a test tells it to, and nothing else.
///
/// Blocking calls run on a queue of their own, so that a waiting test keeps no thread from the others. Ten
/// seconds without a byte are a failure, not a hang.
final class RawClient: Sendable {
    enum Failure: Error {
        case cannotConnect(CInt)
        case cannotSend(CInt)
        /// Nothing came for ten seconds; the end of what had come before.
        case silence(String)
        /// The connection ended in the middle of something; the end of what had come before.
        case ended(String)
    }

    private let descriptor: CInt
    private let queue = DispatchQueue(label: "raw client")
    private let unread = Mutex<[UInt8]>([])

    /// - Parameter receiveBuffer: bytes the system takes for a client that does not read; nil: its default.
    init(host: String = "127.0.0.1", port: Int, receiveBuffer: Int? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if let receiveBuffer { set(SO_RCVBUF, CInt(receiveBuffer)) }
        set(SO_RCVTIMEO, timeval(tv_sec: 10, tv_usec: 0))
        set(SO_SNDTIMEO, timeval(tv_sec: 10, tv_usec: 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.cannotConnect(errno) }
    }

    deinit { close(descriptor) }

    private func set<Value>(_ option: CInt, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(descriptor, SOL_SOCKET, option, $0.baseAddress, socklen_t($0.count))
        }
    }

    // MARK: Out

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        try await blocking { [descriptor] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Foundation.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure.cannotSend(errno) }
                sent += count
            }
        }
    }

    /// Ends this half; the other one stays.
    func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Ends both with a reset: what the server has still to send can go nowhere (Linux: `connect` to
    /// nothing).
    func reset() {
        set(SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        var nothing = sockaddr(
            sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        connect(descriptor, &nothing, socklen_t(MemoryLayout<sockaddr>.size))
    }

    // MARK: In

    /// Waits until `find` sees what it looks for at the beginning of what is unread, and takes that many
    /// bytes.
    func take(_ find: @escaping @Sendable ([UInt8]) -> Int?) async throws -> [UInt8] {
        try await blocking { [self] in
            try unread.withLock { unread in
                while true {
                    if let count = find(unread) {
                        defer { unread.removeFirst(count) }
                        return Array(unread.prefix(count))
                    }
                    guard let more = try receive(unread) else {
                        throw Failure.ended(String(decoding: unread.suffix(200), as: UTF8.self))
                    }
                    unread += more
                }
            }
        }
    }

    /// Everything to the end of the connection.
    func rest() async throws -> String {
        try await blocking { [self] in
            try unread.withLock { unread in
                while let more = try receive(unread) { unread += more }
                defer { unread = [] }
                return String(decoding: unread, as: UTF8.self)
            }
        }
    }

    /// The next bytes; nil at the end, however it came.
    private func receive(_ unread: [UInt8]) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count > 0 { return Array(bytes.prefix(count)) }
        if count < 0, errno == EAGAIN {
            throw Failure.silence(String(decoding: unread.suffix(200), as: UTF8.self))
        }
        return nil
    }

    private func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
