public import SocketIOCore

/// What joins the nodes of a cluster: it carries what one node says to all others, and hears what they say.
///
/// The library delivers to the sockets of its own node by itself; an adapter has to do with the other nodes alone.
/// Without one there are no others. Socket.IO's adapters do both, but say the same things.
public protocol Adapter: Sendable {
    /// Called once, before the first connection. From then on `cluster` hears what other nodes publish.
    ///
    /// - Throws: whatever keeps the adapter from ever working. That the others cannot be reached now is no such
    ///   thing: it keeps trying.
    func start(_ cluster: any ClusterReceiver) async throws

    /// There is a namespace of this name here from now on: what others say of it is to be heard. Called again for a
    /// dynamic one that has come back.
    func open(_ namespace: String)

    /// A dynamic namespace has gone.
    func close(_ namespace: String)

    /// Tells every other node. Does not wait nor call anybody back, and must keep the order of calls made one after
    /// the other. While the others cannot be reached the message is lost, or kept within a bound that the adapter names.
    func publish(_ message: ClusterMessage, in namespace: String)

    /// Waits until what was published before would reach the others if this process ended now.
    ///
    /// - Returns: false, at once or soon, when it cannot be known.
    func published() async -> Bool

    /// How many other nodes there are that would answer; a question waits for so many answers.
    func peerCount(in namespace: String) async -> Int

    /// How it is, for metrics; nil: it does not say. Does not wait.
    var status: ClusterStatus? { get }

    /// What the nodes remember together of clients that may come back; nil: nothing.
    var recovery: (any RecoveryStore)? { get }

    /// The server is over: says nothing more, and lets go of what it holds.
    func stop() async
}

extension Adapter {
    /// Does nothing: for adapters that need not know which namespaces there are.
    public func open(_ namespace: String) {}
    /// Does nothing: for adapters that need not know which namespaces there are.
    public func close(_ namespace: String) {}
    /// Nothing: every node remembers for itself.
    public var recovery: (any RecoveryStore)? { nil }
    /// True at once, for adapters whose ``publish(_:in:)`` leaves nothing to wait for.
    public func published() async -> Bool { true }
    /// Nil.
    public var status: ClusterStatus? { nil }
}

/// How an ``Adapter`` is, for metrics and readiness. Counts are since the start.
public struct ClusterStatus: Equatable, Sendable {
    /// Everything that is said reaches the others, and everything that they say is heard.
    public var isUp = false
    /// Connections to what joins the nodes that were lost.
    public var losses = 0
    /// Connections that came back.
    public var reconnects = 0
    /// Messages of this node for others, whether or not they went out.
    public var published = 0
    /// Messages that have come, this node's own among them where these come back.
    public var received = 0
    /// Messages, and other commands, that wait now for a connection or their turn.
    public var waiting = 0
    /// Messages lost because too much waited.
    public var dropped = 0
    /// Messages that were under way when the connection broke: they may or may not have gone out.
    public var unconfirmed = 0

    /// Nothing has happened yet.
    public init() {}
}

/// The library's side of an ``Adapter``.
public protocol ClusterReceiver: Sendable {
    /// Something another node has published; never this node's own words.
    func received(_ message: ClusterMessage, in namespace: String)
    /// Another node has taken a client of this one from the ``RecoveryStore``.
    func taken(pid: String, in namespace: String)
}

extension ClusterReceiver {
    /// Does nothing: for receivers that let nobody come back.
    public func taken(pid: String, in namespace: String) {}
}

/// Which sockets of a namespace are meant: those in any of `rooms`, or all where none is named, but those that are
/// in one of `except`. A socket's id is a room of its own.
public struct Selection: Equatable, Sendable {
    /// A socket in any of these is meant; empty: all are.
    public var rooms: Set<String>
    /// A socket in any of these is not meant.
    public var except: Set<String>
    /// Only to clients that can take it at this moment.
    public var isVolatile: Bool

    /// Everybody, unless it says otherwise.
    public init(rooms: Set<String> = [], except: Set<String> = [], isVolatile: Bool = false) {
        self.rooms = rooms
        self.except = except
        self.isVolatile = isVolatile
    }
}

/// What one node says to the others, in the terms of Socket.IO's adapters.
///
/// A question carries an id that its sender made; every node answers it once, also one with nothing to say.
public enum ClusterMessage: Equatable, Sendable {
    /// An event for the selected sockets: its name, then its arguments. With `question` their clients are asked to
    /// acknowledge: the node says ``asked(_:clients:)`` once, and ``acknowledged(_:_:)`` for each client's answer.
    case broadcast(Selection, event: [JSON], question: String? = nil)
    /// The same, of a namespace where clients may come back: nodes that have heard the event know it by its mark.
    case recoverable(Selection, event: [JSON], mark: EventMark)
    /// How many clients of the sender's node were asked to acknowledge.
    case asked(_ question: String, clients: Int)
    /// The arguments that one client has acknowledged with.
    case acknowledged(_ question: String, [JSON])
    /// The selected sockets are to join the rooms.
    case join(Selection, rooms: Set<String>)
    /// The selected sockets are to leave the rooms.
    case leave(Selection, rooms: Set<String>)
    /// - Parameter closes: also ends the connections, not only the stay in the namespace.
    case disconnect(Selection, closes: Bool)
    /// Which of the selected sockets are connected to the asked node?
    case fetch(Selection, question: String)
    /// The answer to ``fetch(_:question:)``.
    case fetched(_ question: String, [SocketDescription])
    /// An event for the servers themselves; see ``Namespace/onServerSide(_:_:)``.
    case serverSide(event: [JSON], question: String? = nil)
    /// What a server answers to ``serverSide(event:question:)``.
    case serverSideAnswer(_ question: String, [JSON])
}

/// A socket, wherever it is connected, as it was when it was asked for.
public struct SocketDescription: Equatable, Sendable {
    /// The id of ``Socket/id``.
    public var id: String
    /// The rooms it was in, its own id among them.
    public var rooms: Set<String>
    /// What the application had put down in ``Socket/data``.
    public var data: [String: JSON]
    /// Headers, query, address and so on, with Socket.IO's names.
    public var handshake: JSON

    /// A socket as described.
    public init(id: String, rooms: Set<String>, data: [String: JSON], handshake: JSON) {
        self.id = id
        self.rooms = rooms
        self.data = data
        self.handshake = handshake
    }
}
