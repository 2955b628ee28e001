/// Counts of what is open, summed over the event loops.
public struct Totals: Sendable {
    /// TCP connections that are open, whatever they carry.
    public var connections = 0
    /// Clients that have shaken hands.
    public var sessions = 0
    /// Those who follow a feed, with or without Socket.IO.
    public var readers = 0
    /// Requests that were carried to the node that owns their session, since the start.
    public var relayed = 0
    /// Those whose node was not there, or could not be reached: to their clients the session was unknown.
    public var relaysFailed = 0
    /// WebSockets that go through here to another node now.
    public var relayTunnels = 0
    /// What the adapter says of itself; nil: there is none, or it says nothing.
    public var cluster: ClusterStatus?
    /// The server is stopping: no new readers, please.
    public var isDraining = false
    /// What has been done, and who is open, in detail.
    public var metrics = Metrics()
    /// Open files of the process, as far as the server knows of them, and their limit.
    public var openFiles = 0
    /// The process's limit of them.
    public var maxOpenFiles = 0

    /// Nothing is open.
    public init() {}

    /// The counts of both; draining when either is.
    public static func + (a: Totals, b: Totals) -> Totals {
        var sum = a
        sum.connections += b.connections
        sum.sessions += b.sessions
        sum.readers += b.readers
        sum.relayed += b.relayed
        sum.relaysFailed += b.relaysFailed
        sum.relayTunnels += b.relayTunnels
        sum.cluster = a.cluster ?? b.cluster
        sum.isDraining = a.isDraining || b.isDraining
        sum.metrics = a.metrics + b.metrics
        sum.openFiles = max(a.openFiles, b.openFiles)
        sum.maxOpenFiles = max(a.maxOpenFiles, b.maxOpenFiles)
        return sum
    }
}

/// What an application answers to a request that is nobody else's.
public enum Answer: Sendable {
    /// For GET and HEAD; OPTIONS and other methods are answered as RFC 9110 wants it.
    case response(Response)
    /// The same for every method.
    case always(Response)
    /// An answer that needs the counts of all event loops.
    case counted(@Sendable (Totals) -> Response)
    /// There is nothing at this address.
    case nothing
}

/// A Socket.IO server: its settings, its namespaces, and what else its port serves.
///
/// A value that does not change once a listener runs; but its namespaces are objects, which all copies share, and
/// which can be spoken to at any time. What is said to the server itself goes to the main namespace, `/`.
public struct Server: Sendable, BroadcastTarget {
    /// Names, times and limits; all have defaults.
    public var settings = Settings()
    package let registry = Registry()
    /// What joins this server with others; nil: it is alone. Started by the listener.
    public var adapter: (any Adapter)?
    /// The nodes among which a session's requests may land on any; nil: they must land here. Used by the listener.
    public var nodes: (any NodeDirectory)?
    /// Ways to read the feed of ``plainFeed`` without Socket.IO.
    public private(set) var routes: [PlainRoute] = []
    /// What ``routes`` read; nil when nothing is read without Socket.IO.
    public private(set) var plainFeed: (any Feed)?
    /// Addresses of bare WebSockets that the application serves itself.
    var rawEndpoints: [RawEndpoint] = []
    /// Addresses of Engine.IO without Socket.IO.
    var engineEndpoints: [EngineEndpoint] = []
    /// The client scripts and whatever else is below the resource, by name: `socket.io.js`.
    public var script: @Sendable (_ name: String, _ request: Request) -> Response? = { _, _ in nil }
    /// Everything else, by the last segment of the path, which is empty behind a slash.
    public var page: @Sendable (_ lastSegment: String, _ request: Request) -> Answer = { _, _ in .nothing }

    /// Judges every handshake, by its headers and query. Called on an event loop: it must not wait.
    /// 0.9: "authorization".
    public var authorize: @Sendable (Request) -> Authorization = { _ in .allowed }

    /// A server with the main namespace and nothing else.
    public init() {}

    /// Everybody in the main namespace.
    public var operation: BroadcastOperator { namespace("/").operation }

    /// Adds a namespace, or replaces the one of that name for those who join from now on.
    public func add(_ namespace: Namespace) { registry.add(namespace) }

    /// The namespace of that name, made where there is none yet. Socket.IO: `of`.
    ///
    /// - Parameter name: with its slash.
    @discardableResult
    public func namespace(_ name: String) -> Namespace { registry.namespace(named: name) }

    /// Namespaces that come into being when a client asks for a name that `matches`, and go with their last socket;
    /// at most ``Settings/maxDynamicNamespaces`` at a time. Exact names go before, and of several predicates the
    /// first that matches counts.
    ///
    /// - Parameter matches: called on an event loop: it must not wait.
    /// - Returns: what they all have in common, to register handlers on. It has no sockets of its own.
    @discardableResult
    public func namespaces(
        feed: (any Feed)? = nil, where matches: @escaping @Sendable (_ name: String) -> Bool
    ) -> Namespace {
        let parent = Namespace("", feed: feed)
        registry.addParent(parent, matching: matches)
        return parent
    }

    /// Lets `feed` be read over `routes`, of which at most one is a WebSocket.
    public mutating func serve(_ feed: any Feed, over routes: [PlainRoute]) {
        plainFeed = feed
        self.routes = routes
    }
}

extension Server {
    /// Joins the other servers, before the first connection comes.
    package func joinCluster() async throws {
        guard let adapter else { return }
        registry.join(adapter)
        try await adapter.start(ClusterEar(registry: registry))
        await registry.learnHeads()
    }

    /// The loops are about to end.
    package func leaveCluster() async {
        registry.hub.close()
        registry.hub.join(nil)
        await adapter?.stop()
    }
}
