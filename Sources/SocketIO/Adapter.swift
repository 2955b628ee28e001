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

    /// Tells every other node. Does not wait, and must keep the order of calls made one after the other. While
    /// the others cannot be reached the message is lost, or kept within a bound that the adapter names.
    func publish(_ message: ClusterMessage, in namespace: String)

    /// How many other nodes there are that would answer; a question waits for so many answers.
    func peerCount(in namespace: String) async -> Int

    func stop() async
}

extension Adapter {
    public func open(_ namespace: String) {}
    public func close(_ namespace: String) {}
}

/// The library's side of an ``Adapter``.
public protocol ClusterReceiver: Sendable {
    /// Something another node has published; never this node's own words.
    func received(_ message: ClusterMessage, in namespace: String)
}

/// Which sockets of a namespace are meant: those in any of `rooms`, or all where none is named, but those that are
/// in one of `except`. A socket's id is a room of its own.
public struct Selection: Equatable, Sendable {
    public var rooms: Set<String>
    public var except: Set<String>
    /// Only to clients that can take it at this moment.
    public var isVolatile: Bool

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
    case asked(_ question: String, clients: Int)
    case acknowledged(_ question: String, [JSON])
    case join(Selection, rooms: Set<String>)
    case leave(Selection, rooms: Set<String>)
    /// - Parameter closes: also ends the connections, not only the stay in the namespace.
    case disconnect(Selection, closes: Bool)
    case fetch(Selection, question: String)
    case fetched(_ question: String, [SocketDescription])
    /// An event for the servers themselves; see ``Namespace/onServerSide(_:_:)``.
    case serverSide(event: [JSON], question: String? = nil)
    case serverSideAnswer(_ question: String, [JSON])
}

/// A socket, wherever it is connected, as it was when it was asked for.
public struct SocketDescription: Equatable, Sendable {
    public var id: String
    public var rooms: Set<String>
    public var data: [String: JSON]
    /// Headers, query, address and so on, with Socket.IO's names.
    public var handshake: JSON

    public init(id: String, rooms: Set<String>, data: [String: JSON], handshake: JSON) {
        self.id = id
        self.rooms = rooms
        self.data = data
        self.handshake = handshake
    }
}
