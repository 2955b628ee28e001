public import SocketIOCore

/// What the nodes of a cluster remember together, so that a client comes back on any of them, also when the one it
/// left was killed. An ``Adapter`` may have one; without it every node remembers for itself.
///
/// Nothing here waits for the store but the first clients of a namespace on a node, and one that comes from another node,
/// or says that it does. While the store cannot be reached,
/// clients come back to the node they left, as without one.
public protocol RecoveryStore: Sendable {
    /// Names the events of this node: six of `A`-`Z`, `a`-`z`, `0`-`9`, `-`, `_`, others after every start.
    var origin: String { get }

    /// Keeps an event of this node. Called in the order of their numbers, and before the event is published.
    func record(_ event: RecoverableEvent, in namespace: String, within settings: RecoverySettings)

    /// The number of the last event of each node that is kept; nil when it cannot be reached.
    func heads(in namespace: String) async -> [String: UInt64]?

    /// The events of all nodes behind those that are `heard`, in the order in which the store has got them; nil when it
    /// cannot be reached, or when some are not kept any more.
    func events(
        after heard: [String: UInt64], in namespace: String, within settings: RecoverySettings
    ) async -> [RecoverableEvent]?

    /// Keeps who a client is, as long as this node lives and `settings` say after that.
    ///
    /// - Parameter isNew: it has just come, and is this node's from here on. Otherwise it is kept only if it still is.
    func keep(
        _ session: RecoverableSession, pid: String, isNew: Bool, in namespace: String,
        within settings: RecoverySettings)

    /// Its client is gone, and may come back for a while, or will not.
    func left(
        _ session: RecoverableSession?, pid: String, in namespace: String, within settings: RecoverySettings)

    /// Finds a client and forgets it, in one step. The node whose it was hears of it:
    /// ``ClusterReceiver/taken(pid:in:)``.
    func take(pid: String, in namespace: String) async -> StoredClient
}

/// What a ``RecoveryStore`` says of a client.
public enum StoredClient: Equatable, Sendable {
    /// It is the asker's from here on.
    case found(RecoverableSession)
    /// Somebody else has just taken it, and will keep it in a moment: its client has come twice.
    case busy
    /// It is not known, or the store cannot be reached.
    case unknown
}

/// An event as the nodes remember it.
public struct RecoverableEvent: Equatable, Sendable {
    /// Which event of which node.
    public var mark: EventMark
    /// The number of the event before it that its node has kept; 0: there is none.
    public var previous: UInt64
    /// For whom it was.
    public var selection: Selection
    /// Its name, then its arguments.
    public var event: [JSON]

    /// An event of that number.
    public init(mark: EventMark, previous: UInt64, selection: Selection, event: [JSON]) {
        self.mark = mark
        self.previous = previous
        self.selection = selection
        self.event = event
    }
}

/// Which event of which node. The numbers of one node grow, not always by one.
public struct EventMark: Equatable, Sendable {
    /// ``RecoveryStore/origin`` of the node that has sent it.
    public var origin: String
    /// Its number there, less than 2⁴².
    public var number: UInt64

    /// That event of that node.
    public init(origin: String, number: UInt64) {
        self.origin = origin
        self.number = number
    }
}

/// Who a client is, for any node it may come back to.
public struct RecoverableSession: Equatable, Sendable {
    /// ``Socket/id``.
    public var id: String
    /// ``Socket/rooms``.
    public var rooms: Set<String>
    /// ``Socket/data``.
    public var data: [String: JSON]

    /// A client of that id.
    public init(id: String, rooms: Set<String>, data: [String: JSON]) {
        self.id = id
        self.rooms = rooms
        self.data = data
    }
}
