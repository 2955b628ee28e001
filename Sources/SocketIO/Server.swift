/// A namespace: what a client that joins it is read, and what it may say.
public struct Namespace: Sendable {
    /// Begins with a slash; the default one is `/`.
    public let name: String
    public let feed: (any Feed)?
    private(set) var handlers: [String: EventHandler] = [:]

    public init(_ name: String, feed: (any Feed)? = nil) {
        self.name = name
        self.feed = feed
    }

    /// Handles events of this name. An event without a handler is ignored; a second handler replaces the first.
    ///
    /// - Parameter event: not one of Socket.IO's own (`connect`, `disconnect`, …), which no client can send.
    public mutating func on(_ event: String, _ handler: @escaping EventHandler) { handlers[event] = handler }
}

/// Counts of what is open, summed over the event loops.
public struct Totals: Sendable {
    public var connections = 0
    public var sessions = 0
    public var readers = 0
    /// The server is stopping: no new readers, please.
    public var isDraining = false

    public init() {}

    public static func + (a: Totals, b: Totals) -> Totals {
        var sum = a
        sum.connections += b.connections
        sum.sessions += b.sessions
        sum.readers += b.readers
        sum.isDraining = a.isDraining || b.isDraining
        return sum
    }
}

/// What an application answers to a request that is nobody else's.
public enum Answer: Sendable {
    case response(Response)
    /// An answer that needs the counts of all event loops.
    case counted(@Sendable (Totals) -> Response)
    /// There is nothing at this address.
    case nothing
}

/// A Socket.IO server as a value: its settings, its namespaces, and what else its port serves.
///
/// Every event loop works on the same value; it does not change once a listener runs.
public struct Server: Sendable {
    public var settings = Settings()
    public private(set) var namespaces: [String: Namespace] = [:]
    /// Ways to read the feed of ``plainFeed`` without Socket.IO.
    public private(set) var routes: [PlainRoute] = []
    public private(set) var plainFeed: (any Feed)?
    /// The client scripts and whatever else is below the resource, by name: `socket.io.js`.
    public var script: @Sendable (_ name: String, _ request: Request) -> Response? = { _, _ in nil }
    /// Everything else, by the last segment of the path, which is empty behind a slash.
    public var page: @Sendable (_ lastSegment: String, _ request: Request) -> Answer = { _, _ in .nothing }

    /// Judges every handshake, by its headers and query. Called on an event loop: it must not wait.
    /// 0.9: "authorization".
    public var authorize: @Sendable (Request) -> Authorization = { _ in .allowed }

    public init() {}

    public mutating func add(_ namespace: Namespace) { namespaces[namespace.name] = namespace }

    /// Lets `feed` be read over `routes`, of which at most one is a WebSocket.
    public mutating func serve(_ feed: any Feed, over routes: [PlainRoute]) {
        plainFeed = feed
        self.routes = routes
    }
}
