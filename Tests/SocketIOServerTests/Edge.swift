import Logging
import SocketIO
import SocketIOCore
import SocketIOServer

/// A few lines, read one each `interval`, with their numbers as cursors.
struct Lines: Feed {
    var lines = ["one", "two", "three"]
    /// So long that what is open stays open, unless a test wants it to end.
    var interval: Duration = .seconds(3600)

    var count: Int { lines.count }

    func begin(after cursor: String?, at now: Instant) -> (place: FeedPlace, isCursorValid: Bool) {
        (FeedPlace(position: cursor.flatMap { Int64($0) } ?? 0, start: now), true)
    }

    func step(_ place: FeedPlace, at now: Instant) -> FeedStep {
        if place.position >= count { return .end }
        return now >= place.start ? .entry(Int(place.position)) : .wait(until: place.start)
    }

    func advanced(_ place: FeedPlace) -> FeedPlace {
        FeedPlace(position: place.position + 1, start: place.start + interval)
    }

    func event(at index: Int) -> FeedEvent {
        FeedEvent(name: "line", text: lines[index], cursor: "\(index + 1)")
    }

    func cursor(at place: FeedPlace) -> String { "\(place.position)" }
}

/// A listener on 127.0.0.1 for the length of one test.
struct Edge {
    let listener: Listener

    static let polling = "/socket.io/?EIO=4&transport=polling"
    static let socket = "/socket.io/?EIO=4&transport=websocket"

    func client(receiveBuffer: Int? = nil) throws -> RawClient {
        try RawClient(port: listener.port, receiveBuffer: receiveBuffer)
    }

    /// A polling session: the connection of its handshake, and its address.
    func session() async throws -> (client: RawClient, address: String) {
        let client = try client()
        try await client.get(Self.polling)
        return (client, Self.polling + "&sid=" + (try await client.answer().sid))
    }

    /// What a test serves, and how.
    struct Setup {
        var server: Server
        var settings: ListenerSettings
        /// Otherwise the end is the test's own part.
        var shutsDown: Bool

        /// `feed` over everything on one loop, with short goodbyes, and whatever `change` makes of it.
        static func with(
            _ feed: Lines = Lines(), shutsDown: Bool = true,
            _ change: (inout Server, inout ListenerSettings) -> Void = { _, _ in }
        ) -> Setup {
            var server = Edge.server(reading: feed)
            var settings = ListenerSettings()
            settings.host = "127.0.0.1"
            settings.port = 0
            settings.threads = 1
            settings.goodbyeTimeout = .milliseconds(200)
            settings.shutdownTimeout = .seconds(1)
            change(&server, &settings)
            return Setup(server: server, settings: settings, shutsDown: shutsDown)
        }
    }

    /// Listens, runs `body`, and shuts down.
    static func run(_ setup: Setup = .with(), _ body: (Edge) async throws -> Void) async throws {
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let edge = Edge(
            listener: try await Listener.bind(setup.server, settings: setup.settings, logger: silent))
        do {
            try await body(edge)
        } catch {
            if setup.shutsDown { await edge.listener.shutdown() }
            throw error
        }
        if setup.shutsDown { await edge.listener.shutdown() }
    }

    private static func server(reading feed: Lines) -> Server {
        var server = Server()
        server.add(Namespace("/", feed: feed))
        server.serve(
            feed,
            over: [
                PlainRoute(name: "ws", exchange: .webSocket) { Array(feed.lines[$0].utf8) },
                PlainRoute(name: "text", exchange: .stream, contentType: "text/plain") {
                    Array(feed.lines[$0].utf8)
                },
            ])
        server.page = { name, request in
            switch name {
            case "": .response(.text(200, "\(request.method) \(request.target)"))
            case "leaving": .counted { .text(200, "\($0.isDraining)") }
            case "who":
                .response(
                    .text(200, "\(request.remoteAddress) \(request.isSecure) \(request.host ?? "nobody")"))
            // Needs every loop, so its answer comes later than the request.
            case "count":
                .counted { .text(200, "\($0.connections) \($0.sessions) \($0.readers)") }
            default: .nothing
            }
        }
        return server
    }
}

extension RawAnswer {
    /// The sid of an Engine.IO open packet.
    var sid: String { String(body.drop { $0 != ":" }.dropFirst(2).prefix(20)) }
}
