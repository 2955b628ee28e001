import Foundation
import Synchronization

/// A redis-server of its own on a free port of this machine, for the length of one test.
package final class RedisServer: Sendable {
    private static let program = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    package static let isInstalled = program != nil

    package let port: Int
    private let options: [String]
    private let process: Mutex<Process?> = Mutex(nil)

    /// - Parameter certificate: It speaks TLS on its port, and nothing else.
    package init(
        _ options: [String] = [], certificate: Certificate? = nil, asksClients: Bool = false
    ) throws {
        port = try Self.freePort()
        var options = options
        if let certificate {
            options += ["--port", "0", "--tls-port", "\(port)", "--tls-auth-clients"]
            options += [asksClients ? "yes" : "no"]
            options += ["--tls-cert-file", certificate.path, "--tls-key-file", certificate.key]
        }
        self.options = options
        try start()
    }

    /// Returns when the server says that it accepts connections.
    package func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments =
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"]
            + options
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var said = Data()
        while !said.contains("Ready to accept connections") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw RedisServerError(said: String(decoding: said, as: UTF8.self)) }
            said += more
        }
        self.process.withLock { $0 = process }
    }

    /// At once, without a goodbye.
    package func kill() { signal(SIGKILL, waits: true) }

    /// Accepts and takes bytes, and says nothing.
    package func pause() { signal(SIGSTOP) }
    package func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32, waits: Bool = false) {
        process.withLock { process in
            guard let process else { return }
            _ = Foundation.kill(process.processIdentifier, number)
            if waits { process.waitUntilExit() }
        }
    }

    deinit { kill() }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(descriptor, generic, length)
                _ = getsockname(descriptor, generic, &length)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }
}

package struct RedisServerError: Error { let said: String }

extension Data {
    fileprivate func contains(_ text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}
