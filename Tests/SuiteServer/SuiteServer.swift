internal import Logging
internal import SocketIOServer

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A server for the public test suites of the protocols.
///
///     swift run dante-suite-server --port 3000
///
/// Engine.IO at `/engine.io/` and bare WebSockets at `/ws-echo` send every message back as it came; Socket.IO is at
/// `/socket.io/`. Without `--port` it takes a free one. It runs until it is killed.
@main
struct SuiteServer {
    static func main() async throws {
        let port = try port(CommandLine.arguments.dropFirst())
        var settings = ListenerSettings()
        settings.host = "127.0.0.1"
        settings.port = port
        #if Compression
            settings.compression = ListenerSettings.Compression(threshold: 0)
        #endif
        let listener = try await Listener.bind(
            try server(), settings: settings, logger: Logger(label: "suite"))
        print("dante-suite-server: http://127.0.0.1:\(listener.port)/")
        // Into a pipe too: whoever starts this waits for the line.
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(86_400)) }
    }

    /// With the times that the suites expect.
    private static func server() throws -> Server {
        var server = Server()
        server.settings.pingInterval = .milliseconds(300)
        server.settings.pingTimeout = .milliseconds(200)
        server.settings.connectTimeout = .seconds(1)
        server.settings.maxPayload = 1_000_000
        server.serveEngine(below: "engine.io") { socket, message in socket.send(message) }
        // A suite for WebSockets counts every frame, and waits longer than Engine.IO's suite pings.
        server.serveWebSocket(named: "ws-echo", maxMessageBytes: 16 << 20, pingInterval: .seconds(60)) {
            socket, message in
            socket.send(message)
        }

        let main = server.namespace("/")
        main.onConnect(greet)
        try main.onEvent("message") { socket, event in
            try socket.emit("message-back", arguments: event.arguments)
        }
        try main.onEvent("message-with-ack") { _, event in event.acknowledgement?.send(event.arguments) }
        server.namespace("/custom").onConnect(greet)
        return server
    }

    @Sendable private static func greet(_ socket: Socket) throws {
        try socket.emit("auth", socket.handshake.auth ?? [:])
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
