internal import Logging
internal import SocketIOServer

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A server for the public test suites: at `/ws-echo` every WebSocket message comes back as it went.
///
///     swift run dante-suite-server --port 9001
///
/// Without `--port` it takes a free one. It runs until it is killed.
@main
struct SuiteServer {
    static func main() async throws {
        let port = try port(CommandLine.arguments.dropFirst())
        var server = Server()
        // The suite's largest message has 16 MiB.
        server.settings.maxPayload = 16 << 20
        server.settings.maxBuffered = 16 << 20
        server.serveWebSocket(named: "ws-echo") { socket, message in socket.send(message) }

        var settings = ListenerSettings()
        settings.host = "127.0.0.1"
        settings.port = port
        let listener = try await Listener.bind(server, settings: settings, logger: Logger(label: "suite"))
        print("dante-suite-server: http://127.0.0.1:\(listener.port)/")
        // Into a pipe too: whoever starts this waits for the line.
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(86_400)) }
    }

    private static func port(_ arguments: ArraySlice<String>) throws -> Int {
        if arguments.isEmpty { return 0 }
        guard arguments.count == 2, arguments.first == "--port",
            let port = arguments.last.flatMap({ Int($0) })
        else {
            throw UsageError()
        }
        return port
    }

    private struct UsageError: Error, CustomStringConvertible {
        let description = "usage: dante-suite-server [--port N]"
    }
}
