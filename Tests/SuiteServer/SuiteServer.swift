internal import Logging
internal import SocketIORedis
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
///
/// With `--redis URL` it is a node of a cluster in which servers of python-socketio are, too, and does to others what
/// its clients ask for.
@main
struct SuiteServer {
    static func main() async throws {
        let options = try options(CommandLine.arguments.dropFirst())
        var settings = ListenerSettings()
        settings.host = "127.0.0.1"
        settings.port = options["--port"].flatMap { Int($0) } ?? 0
        #if Compression
            settings.compression = ListenerSettings.Compression(threshold: 0)
        #endif
        let logger = Logger(label: "suite")
        let server = try options["--redis"].map { try node(redis: $0, logger) } ?? server()
        let listener = try await Listener.bind(server, settings: settings, logger: logger)
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

    private static func node(redis url: String, _ logger: Logger) throws -> Server {
        var options = RedisAdapter.Options()
        options.pythonChannel = "socketio"
        let adapter = try RedisAdapter(RedisAddress(url: url), options: options, logger: logger)
        var server = Server()
        server.adapter = adapter
        server.nodes = adapter.nodes
        let all = server.namespace("/")
        try all.on("join") { (_: Socket, done: Acknowledgement, id: String, room: String) in
            all.in(id).socketsJoin(room)
            try done()
        }
        try all.on("leave") { (_: Socket, done: Acknowledgement, id: String, room: String) in
            all.in(id).socketsLeave(room)
            try done()
        }
        try all.on("kick") { (_: Socket, done: Acknowledgement, id: String) in
            all.in(id).disconnectSockets()
            try done()
        }
        try all.on("say") {
            (_: Socket, done: Acknowledgement, rooms: [String], except: [String], text: String) in
            let target = except.reduce(rooms.reduce(all.operation) { $0.to($1) }) { $0.except($1) }
            try target.emit("said", text)
            try done()
        }
        try all.answer("count") { (_: Socket) in await all.fetchSockets().count }
        try all.answer("ask") { (_: Socket) in
            try await all.timeout(.seconds(20)).emitWithAcks("question").count
        }
        return server
    }

    private static func options(_ arguments: ArraySlice<String>) throws -> [String: String] {
        let words = Array(arguments)
        let isKnown = stride(from: 0, to: words.count, by: 2).allSatisfy {
            ["--port", "--redis"].contains(words[$0])
        }
        guard words.count.isMultiple(of: 2), isKnown else { throw UsageError() }
        return Dictionary(
            stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) },
            uniquingKeysWith: { $1 })
    }

    private struct UsageError: Error, CustomStringConvertible {
        let description = "usage: dante-suite-server [--port N] [--redis URL]"
    }
}
