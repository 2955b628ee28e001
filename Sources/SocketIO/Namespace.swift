public import SocketIOCore
internal import Synchronization

/// A namespace: what a client that joins it is read, what it may say, and the way to everybody in it.
///
/// Handlers are registered while the server is set up; one that is added later serves the sockets that join after it.
/// Every function may be called from any task.
///
///     let chat = server.namespace("/chat")
///     try chat.on("new message") { (socket: Socket, text: String) in
///         try socket.broadcast.emit("new message", text)
///     }
public final class Namespace: Sendable, BroadcastTarget {
    /// Begins with a slash; the default one is `/`.
    public let name: String
    /// Read to every socket that joins; nil: nothing is.
    public let feed: (any Feed)?
    /// Made for one client's sake by a predicate, and forgotten when nobody is in it.
    let isDynamic: Bool
    private let ownHandlers = Mutex(Handlers())
    private let parent: Namespace?
    private let place = Mutex(Place())

    /// Where it stands once it is a server's.
    private struct Place {
        var hub: Hub?
        var recovery: RecoveryLog?
    }

    /// - Parameter name: with its slash.
    public convenience init(_ name: String, feed: (any Feed)? = nil) {
        self.init(name, feed: feed, parent: nil)
    }

    init(_ name: String, feed: (any Feed)?, parent: Namespace?) {
        self.name = name
        self.feed = feed
        self.parent = parent
        isDynamic = parent != nil
    }

    /// Everybody in the namespace.
    public var operation: BroadcastOperator { BroadcastOperator(namespace: self) }

    // MARK: For the library

    var handlers: Handlers { parent?.handlers ?? ownHandlers.withLock { $0 } }
    var hub: Hub? { place.withLock { $0.hub } }
    /// Where clients may come back to what they missed; nil where the setting is off. A feed needs none: its
    /// cursor is all there is to know.
    var recovery: RecoveryLog? { place.withLock { $0.recovery } }

    func stand(on hub: Hub) { place.withLock { $0.hub = hub } }

    /// - Parameter log: of the namespace that had this name before.
    func recover(with settings: RecoverySettings, going log: RecoveryLog? = nil) {
        guard feed == nil else { return }
        place.withLock { place in
            guard place.recovery == nil else { return }
            place.recovery = log ?? RecoveryLog(settings, namespace: name, hub: place.hub)
        }
    }

    func change(_ change: (inout Handlers) -> Void) {
        ownHandlers.withLock { change(&$0) }
        // Handlers want to know who asks.
        hub?.keepHandshakes()
    }
}

/// Everything an application wants to hear of one namespace.
struct Handlers: Sendable {
    typealias Step = @Sendable (Socket) async throws -> Void

    var events: [String: [EventHandler]] = [:]
    var anyEvent: [EventHandler] = []
    var middleware: [Step] = []
    var connect: [Step] = []
    var disconnect: [@Sendable (Socket, CloseReason) async throws -> Void] = []
    var serverSide: [String: ServerSideHandler] = [:]

    /// Nobody listens: a client needs no ``Socket`` until somebody asks for it.
    var isQuiet: Bool {
        events.isEmpty && anyEvent.isEmpty && middleware.isEmpty && connect.isEmpty && disconnect.isEmpty
    }

    /// Wants to know of a socket before it says anything.
    var wantsEverySocket: Bool { !middleware.isEmpty || !connect.isEmpty || !disconnect.isEmpty }

    func hears(_ event: String) -> Bool { !anyEvent.isEmpty || events[event] != nil }
}

/// Handles one event of one socket. The next event of that socket waits until it returns; what it throws ends
/// nothing but this event.
public typealias EventHandler = @Sendable (_ socket: Socket, _ event: Event) async throws -> Void

/// Handles an event from another server of the cluster; what it returns is its answer, where one is wanted.
public typealias ServerSideHandler = @Sendable (_ arguments: [JSON]) async throws -> [JSON]

extension Namespace {
    // MARK: Coming and going

    /// Judges every socket before it joins, in the order of registration. Throwing refuses it: a ``ConnectError``
    /// reaches the client with its message and data, any other error as "Internal server error".
    ///
    /// Not asked about clients that come back within the recovery window, unless the setting says so.
    public func use(_ middleware: @escaping @Sendable (Socket) async throws -> Void) {
        change { $0.middleware.append(middleware) }
    }

    /// Called for every socket that has joined, before its events are handled. For a client that has come back
    /// (``Socket/isRecovered``) the last handler of the socket it was has returned by then: one that wants to wait
    /// there does so in a task of its own.
    public func onConnect(_ handler: @escaping @Sendable (Socket) async throws -> Void) {
        change { $0.connect.append(handler) }
    }

    /// Called when a socket has left, behind its last event.
    public func onDisconnect(_ handler: @escaping @Sendable (Socket, CloseReason) async throws -> Void) {
        change { $0.disconnect.append(handler) }
    }

    // MARK: Events

    /// Handles events of this name with the arguments as they came. All handlers of a name are called, in the order
    /// of registration; an event without a handler is ignored.
    ///
    /// - Throws: ``EventNameError`` for a name that the protocol keeps to itself.
    public func onEvent(_ name: String, _ handler: @escaping EventHandler) throws(EventNameError) {
        try EventNameError.check(name)
        change { $0.events[name, default: []].append(handler) }
    }

    /// Handles events of every name, before the handlers of that name.
    public func onAny(_ handler: @escaping EventHandler) { change { $0.anyEvent.append(handler) } }

    /// Handles events of this name with typed arguments: any `Decodable`, ``JSON`` for what has no type, `[UInt8]`
    /// for bytes. A missing argument is nil where the type is optional; further ones are ignored.
    ///
    /// An event whose arguments are of other types is not handled; the reason is logged at debug.
    ///
    /// - Throws: ``EventNameError`` for a name that the protocol keeps to itself.
    public func on<each Argument: Decodable & Sendable>(
        _ name: String, _ handler: @escaping @Sendable (Socket, repeat each Argument) async throws -> Void
    ) throws(EventNameError) {
        try onEvent(name) { socket, event in
            let arguments = try EventCoding.decode(
                event.arguments, event: name, as: repeat (each Argument).self)
            try await handler(socket, repeat each arguments)
        }
    }

    /// The same, with the client's callback, which may be answered at any time: see ``Acknowledgement``. It does
    /// nothing where the client waits for no answer.
    public func on<each Argument: Decodable & Sendable>(
        _ name: String,
        _ handler: @escaping @Sendable (Socket, Acknowledgement, repeat each Argument) async throws -> Void
    ) throws(EventNameError) {
        try onEvent(name) { socket, event in
            let arguments = try EventCoding.decode(
                event.arguments, event: name, as: repeat (each Argument).self)
            try await handler(socket, event.acknowledgement ?? .unwanted, repeat each arguments)
        }
    }

    /// Handles events of this name by answering them: what the handler returns is the acknowledgement.
    public func answer<each Argument: Decodable & Sendable, Answer: Encodable & Sendable>(
        _ name: String, _ handler: @escaping @Sendable (Socket, repeat each Argument) async throws -> Answer
    ) throws(EventNameError) {
        try onEvent(name) { socket, event in
            let arguments = try EventCoding.decode(
                event.arguments, event: name, as: repeat (each Argument).self)
            let answer = try await handler(socket, repeat each arguments)
            try event.acknowledgement?(answer)
        }
    }

    /// Handles what other servers of the cluster send with ``BroadcastTarget/serverSideEmit(_:_:)``. A second
    /// handler replaces the first.
    public func onServerSide(
        _ name: String, _ handler: @escaping ServerSideHandler
    ) throws(EventNameError) {
        try EventNameError.check(name)
        change { $0.serverSide[name] = handler }
    }
}

/// The protocol keeps this name to itself: neither side may send it, so nobody could hear it.
///
/// - Source: socket.io-parser 4, `RESERVED_EVENTS`.
public struct EventNameError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name that was asked for.
    public let name: String

    static let reserved: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    static func check(_ name: String) throws(EventNameError) {
        if reserved.contains(name) { throw EventNameError(name: name) }
    }

    /// A sentence that says what to do instead.
    public var description: String {
        "\"\(name)\" is a name Socket.IO keeps to itself: see onConnect and onDisconnect, or choose another"
    }
}

/// Why a middleware does not let a socket in, for its client to read.
public struct ConnectError: Error, Equatable, Sendable {
    /// The reason in words. 0.9 has a number alone, and gets "unauthorized".
    public let message: String
    /// Anything more; clients from Socket.IO 3 on get it beside the message, older ones in its place.
    public let data: JSON?

    /// A refusal in those words.
    public init(_ message: String, data: JSON? = nil) {
        self.message = message
        self.data = data
    }
}
